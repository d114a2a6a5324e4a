/** Keys of steps read like paths: a step lies in those whose keys its own begins with. */

/** A key and those of the steps around it, the innermost first. */
export function* outwards(key: string): Generator<string> {
  for (let end = key.length; end > 0; end = key.lastIndexOf('/', end - 1)) yield key.slice(0, end)
}

/** Key of the step right around it; empty for one at the top of the run. */
export function parentOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('/')))
}

/** Whether `key` is the step `outer`, or lies in it. */
export function isInside(key: string, outer: string): boolean {
  return key === outer || key.startsWith(`${outer}/`)
}
