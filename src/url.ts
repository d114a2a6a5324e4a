/**
 * `text` as an address, relative to `base`; undefined when it is none. Not with `URL.canParse`: once that is optimised,
 * Node 20 has it refuse every address with a letter like ü.
 */
export function parseUrl(text: string, base?: URL): URL | undefined {
  try {
    return new URL(text, base)
  } catch {
    return undefined
  }
}
