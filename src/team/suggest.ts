import { closest, distance } from 'fastest-levenshtein'

/** The candidate that somebody who wrote `name` probably meant, as a hint. */
export function didYouMean(
  name: string,
  candidates: readonly string[],
  write = (candidate: string) => `"${candidate}"`,
) {
  const nearest = nearestOf(name, candidates)
  return nearest === undefined ? undefined : `did you mean ${write(nearest)}?`
}

function nearestOf(name: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0 || candidates.length > 200 || name.length > 100) return undefined
  const nearest = closest(
    name.toLowerCase(),
    candidates.map(candidate => candidate.toLowerCase()),
  )
  const tolerated = Math.max(1, Math.floor(nearest.length / 3))
  if (distance(name.toLowerCase(), nearest) > tolerated) return undefined
  return candidates.find(candidate => candidate.toLowerCase() === nearest)
}

/** A few of many names, for a sentence. */
export function namesOf(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  return names.length > 15 ? `${names.slice(0, 15).join(', ')} …` : names.join(', ')
}
