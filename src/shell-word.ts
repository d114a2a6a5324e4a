/** `text` as one word of a POSIX shell: as it is where no shell sees anything special in it, else in quotes. */
export function shellWord(text: string): string {
  return /^[\w./:+@%,-][\w./:+@%,=-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
