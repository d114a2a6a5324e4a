/** The local day of a moment, as ISO 8601 writes it; moments are milliseconds since the epoch. */
export function localDay(at: number): string {
  const date = new Date(at)
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join('-')
}

/** When the local day of a moment began. */
export function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0)
}

/** When a local day began, written like `2026-11-01`; undefined when there is no such day. */
export function parseDay(text: string): number | undefined {
  const [year, month, day] = (/^(\d{4})-(\d\d)-(\d\d)$/.exec(text)?.slice(1) ?? []).map(Number)
  if (year === undefined || month === undefined || day === undefined) return undefined
  const date = new Date(year, month - 1, day)
  return localDay(date.getTime()) === text ? date.getTime() : undefined
}

export function twoDigits(part: number): string {
  return String(part).padStart(2, '0')
}
