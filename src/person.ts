import { hostname, userInfo } from 'node:os'

/** Who runs this process, as the journal names people: `ann@host`. */
export function thisPerson(): string {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    // In a container, a user may have a number and no name.
    return `${process.getuid?.() ?? 'somebody'}@${hostname()}`
  }
}
