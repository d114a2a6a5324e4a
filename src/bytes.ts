/** A number of bytes as a sentence says it: `300 bytes`, `12 KB`, `1.5 GB`. */
export function bytesInWords(bytes: number): string {
  const power = Math.min(3, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${(bytes / 2 ** (10 * power)).toFixed(power > 1 ? 1 : 0)} ${UNITS[power]}`
}

const UNITS = ['bytes', 'KB', 'MB', 'GB']

/** `500MB`, `1.5 GB`, `800k`: so many bytes; undefined when it is none of these. */
export function parseBytes(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d{1,15}(?:\.\d{1,9})?) ?([kmg]?)b?$/i.exec(text) ?? []
  if (number === undefined) return undefined
  return Math.round(
    Number(number) * 2 ** (10 * ('kmg'.indexOf(unit.toLowerCase()) + 1) * Number(unit !== '')),
  )
}
