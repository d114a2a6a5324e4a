import { toolFailed } from './tool.ts'

export interface Pattern {
  /** Whether any part of `text` matches; in time linear to its length, whatever the pattern. */
  test(text: string): boolean
}

/** A regular expression in RE2 syntax, or with `literal` the text itself. Rejects with `tool-failed`. */
export async function compilePattern(
  source: string,
  options: { readonly literal?: boolean; readonly ignoreCase?: boolean } = {},
): Promise<Pattern> {
  const { RE2JS } = await import('re2js')
  try {
    const flags = options.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0
    return RE2JS.compile(options.literal ? RE2JS.quote(source) : source, flags)
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    throw toolFailed(`The pattern is not a regular expression as RE2 reads it: ${problem}`, error)
  }
}

/** A name with `*` for any characters and `?` for one. */
export async function compileName(
  glob: string,
  options: { readonly ignoreCase?: boolean } = {},
): Promise<Pattern> {
  const { RE2JS } = await import('re2js')
  const parts = glob
    .split(/([*?])/)
    .map(part => (part === '*' ? '.*' : part === '?' ? '.' : RE2JS.quote(part)))
  return compilePattern(`(?s)^${parts.join('')}$`, options)
}
