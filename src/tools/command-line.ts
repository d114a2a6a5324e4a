import { basename } from 'node:path'

/** What a person is shown of a command line; more would not be read. */
const MOST = 8000

/** Characters of a word that no shell reads anything into. */
const PLAIN = /^[\w@%+=:,./-]+$/

/** What cannot be seen, or looks like something else: all spaces but the usual one, controls, bidi tricks, fillers. */
const UNSEEN = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800\ufffc\ufffd]/u

const LATIN = /\p{sc=Latin}/u
/** Letters of scripts with many look-alikes of Latin ones. */
const LOOKALIKE = /[\p{sc=Cyrillic}\p{sc=Greek}\p{sc=Armenian}\p{sc=Cherokee}\p{sc=Lisu}\p{sc=Coptic}]/u
const ASCII = /[!-~]/

/**
 * A command line as one could paste it into a shell, for a person to judge: every word is told from the next, and
 * whatever is invisible or made to look like something else is written as an escape. Nothing ever runs it.
 */
export function commandLine(argv: readonly string[]): string {
  return shortened(argv.map(quote).join(' '))
}

function quote(word: string, index: number): string {
  if (PLAIN.test(word)) return word
  // The program decides over everything: what it is called has no letters that could be mistaken.
  const isProgram = index === 0
  const pieces = (word.match(/[\p{L}\p{M}]+|./gsu) ?? []).flatMap(piece => {
    const isMixed = LATIN.test(piece) && LOOKALIKE.test(piece)
    return [...piece].map(char => ({ char, isSeen: !isProgram || char <= '~', isMixed }))
  })
  const mustShow = ({ char, isSeen, isMixed }: (typeof pieces)[number]) =>
    char !== ' ' &&
    (!isSeen ||
      UNSEEN.test(char) ||
      (isMixed && LOOKALIKE.test(char)) ||
      (char > '~' && ASCII.test(char.normalize('NFKC'))))
  if (!pieces.some(mustShow)) return `'${word.replaceAll("'", String.raw`'\''`)}'`
  const shown = pieces.map(piece =>
    mustShow(piece) ? escaped(piece.char) : piece.char.replace(/['\\]/, String.raw`\$&`),
  )
  return `$'${shown.join('')}'`
}

const SHORT: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
}

function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0
  const hex = code.toString(16)
  if (code < 0x80) return SHORT[char] ?? `\\x${hex.padStart(2, '0')}`
  return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`
}

function shortened(line: string): string {
  if (line.length <= MOST) return line
  const half = MOST / 2
  const hidden = line.length - MOST
  return `${line.slice(0, half)} … ${hidden} characters are not shown here … ${line.slice(-half)}`
}

const SHELL = /^(?:ba|da|z|k|mk|c|tc|fi|a)?sh$|^(?:pwsh|powershell|cmd|busybox|nu|xonsh)$/
/** Options that hand a shell its script; several letters may stand together, as in `-lc`. */
const SCRIPT = /^-[A-Za-z]*c$|^\/[cCkK]$|^-(?:[Cc]ommand|EncodedCommand)$/

/** Programs that run code they are handed as an argument, and the options that do it. */
const INTERPRETERS: readonly (readonly [program: RegExp, option: RegExp])[] = [
  [/^python[\d.]*$|^pypy[\d.]*$/, /^-[A-Za-z]*c/],
  [/^(?:node|nodejs|bun)$/, /^-(?:[cip]*[ep]|-eval|-print)(?:=|$)/],
  [/^deno$/, /^eval$/],
  [/^(?:perl|ruby)[\d.]*$/, /^-[A-Za-z]*[eE]/],
  [/^php[\d.]*$/, /^-[rBRE]/],
  [/^(?:lua[\d.]*|luajit|osascript|Rscript|groovy|elixir|julia|ghc|guile)$/, /^-(?:e|-eval)/],
]

/** Programs that are there to start another one, which stands somewhere among their arguments. */
const STARTERS =
  /^(?:env|xargs|parallel|sudo|doas|su|runuser|setpriv|nohup|nice|ionice|chrt|taskset|timeout|time|stdbuf|setsid|script|expect|watch|find|fd|entr|chroot|unshare|nsenter|ssh|flock|command|exec|npx|bunx|uvx|pnpx|make|awk|gawk|mawk|docker|podman|nerdctl|systemd-run|strace|ltrace|gdb|ld\.so|ld-linux.*)$/

/** What a command line does that its first word does not show, in words; nothing when it does no such thing. */
export function hiddenIn(argv: readonly string[]): string[] {
  const [program = '', ...rest] = argv
  const name = nameOf(program)
  if (!STARTERS.test(name)) return codeIn(argv)
  const inner = rest.flatMap((_, index) => codeIn(rest.slice(index)))
  return [`${name} can start other programs, which its arguments name.`, ...inner]
}

function codeIn([program = '', ...rest]: readonly string[]): string[] {
  const name = nameOf(program)
  if (SHELL.test(name)) {
    const at = rest.findIndex(word => SCRIPT.test(word))
    const script = rest.slice(at + 1)
    if (at >= 0) return [`It runs a shell script: ${commandLine(['sh', ...script]).slice('sh '.length)}`]
    return [`It starts the shell ${name}, which runs what it reads.`]
  }
  const [, option] = INTERPRETERS.find(([pattern]) => pattern.test(name)) ?? []
  const at = option ? rest.findIndex(word => option.test(word)) : -1
  if (at < 0) return []
  return [`It runs code of ${name}: ${commandLine(['sh', ...rest.slice(at)]).slice('sh '.length)}`]
}

/** Under which a program is known, wherever it lies. */
function nameOf(program: string): string {
  return basename(program.replaceAll('\\', '/')).replace(/\.exe$/i, '')
}
