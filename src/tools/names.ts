import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What could hide what a name is, or move what stands beside it: control characters, marks of direction, line ends. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu

/** Characters of a path that a message repeats. */
const LONGEST_SHOWN = 300

/** A name or path as it may stand in a line of text: as it is, or in quotes when it has characters that nobody sees. */
export function inLine(name: string): string {
  return name.search(HIDDEN) < 0 ? name : quoted(name)
}

/** A name or path in quotes, for a message. */
export function quoted(name: string): string {
  const shown = name.length > LONGEST_SHOWN ? `${name.slice(0, LONGEST_SHOWN)}…` : name
  return JSON.stringify(shown).replace(HIDDEN, character =>
    [...Array(character.length).keys()]
      .map(at => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

/** Why nobody should give this name to a new file or folder; undefined when it can be given. */
export function flawOf(name: string, platform: string = process.platform): string | undefined {
  if (name.search(HIDDEN) >= 0) return 'has characters that cannot be seen'
  if (Buffer.byteLength(name) > 255) return 'is longer than 255 bytes'
  const isDevice = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i.test(name)
  if (platform === 'win32' && (isDevice || /[<>:"|?*]|[. ]$/.test(name)))
    return 'is no name for a file on Windows'
  return undefined
}

/** The part of a disk that says how names are spelled. */
export interface Disk {
  lstat(path: string): Promise<{ readonly ino: number | bigint; readonly dev: number | bigint }>
  readdir(path: string): Promise<string[]>
}

const DISK: Disk = { lstat: path => lstat(path, { bigint: true }), readdir: path => readdir(path) }

/**
 * How the disk spells an entry that is there: one that does not tell `.ENV` from `.env`, or `é` from its two parts,
 * finds it by either, and a rule for one of them has to hold for both.
 */
export async function spellingOf(folder: string, name: string, disk = DISK): Promise<string> {
  if (isAscii(name)) {
    const swapped = swapCase(name)
    if (swapped === name) return name
    // Nearly always: a disk on which case matters, and nothing with the other case.
    if ((await idOf(join(folder, swapped), disk)) === undefined) return name
  }
  const names = await disk.readdir(folder)
  if (names.includes(name)) return name
  const id = await idOf(join(folder, name), disk)
  for (const other of names) {
    if (folded(other) === folded(name) && (await idOf(join(folder, other), disk)) === id) return other
  }
  return name
}

/** The entry that looks the same as a name that is not there, where only its accents are written in another way. */
export async function lookalikeOf(folder: string, name: string, disk = DISK): Promise<string | undefined> {
  if (isAscii(name)) return undefined
  const wanted = name.normalize('NFC')
  const alike = (await disk.readdir(folder)).filter(other => other.normalize('NFC') === wanted)
  return alike.length === 1 ? alike[0] : undefined
}

async function idOf(path: string, disk: Disk): Promise<string | undefined> {
  try {
    const { ino, dev } = await disk.lstat(path)
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}

function folded(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase()
}

function swapCase(name: string): string {
  return name.replace(/[a-z]/gi, letter =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  )
}

function isAscii(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
  return /^[\x00-\x7f]*$/.test(name)
}
