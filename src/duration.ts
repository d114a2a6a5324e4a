import ms from 'ms'
import * as z from 'zod'

/** `60s`, `10m`, `1h 30m` is not one: what the `ms` package reads. Plain numbers are milliseconds. */
export function parseDuration(text: string | number): number | undefined {
  const parsed = typeof text === 'number' ? text : ms(text as ms.StringValue)
  return typeof parsed === 'number' && Number.isFinite(parsed) && parsed > 0 ? parsed : undefined
}

/** `2 days`, `90 seconds`: as a sentence says it. */
export function inWords(milliseconds: number): string {
  return ms(milliseconds, { long: true })
}

export const duration = z
  .union([z.string().min(1).max(40), z.number()])
  .transform((text, context) => {
    const parsed = parseDuration(text)
    if (parsed !== undefined) return parsed
    context.addIssue({
      code: 'custom',
      message: `"${text}" is not a duration; write it like 500ms, 60s or 10m`,
    })
    return z.NEVER
  })
  .describe('A duration: 500ms, 60s, 10m, 1h, 2d')
