import { asText, isObject, type Json } from '../../json.ts'
import { oneLine } from '../text.ts'
import { pad } from './fit.ts'

/** Most code units that a column may take: what is longer is not looked at, however long it is. */
const PER_COLUMN = 8

/** The beginning of somebody else's text, harmless, on one line of at most `width` columns. Fast for any length. */
export function excerpt(text: string, width: number): string {
  const most = PER_COLUMN * Math.max(1, width)
  if (text.length <= most) return oneLine(text, width)
  const line = oneLine(text.slice(0, most), width)
  return line.endsWith('…') || width < 1 ? line : `${oneLine(line, width - 1)}…`
}

/** A value in a few words: an object by its fields, as they come. */
export function inShort(value: Json, width: number): string {
  if (!isObject(value)) return excerpt(textOf(value), width)
  const fields = Object.entries(value).map(
    ([name, field]) => `${name}: ${textOf(field).slice(0, PER_COLUMN * Math.max(1, width))}`,
  )
  return excerpt(fields.join(' · '), width)
}

const texts = new WeakMap<object, string>()

/** As text; what is large is put into words once. */
export function textOf(value: Json): string {
  if (typeof value !== 'object' || value === null) return asText(value)
  const known = texts.get(value)
  if (known !== undefined) return known
  const text = asText(value)
  texts.set(value, text)
  return text
}

/** Somebody else's text in exactly `width` columns. */
export function cell(text: string, width: number): string {
  return pad(excerpt(text, width), width)
}

/** A share of something as a bar of `width` columns: whole cells, and eighths of the last one. */
export function shareBar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8)
  const whole = '█'.repeat(Math.floor(eighths / 8))
  const part = ' ▏▎▍▌▋▊▉'[eighths % 8] ?? ''
  return (eighths % 8 === 0 ? whole : whole + part).padEnd(width)
}
