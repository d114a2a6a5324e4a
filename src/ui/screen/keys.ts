import { type Clock, systemClock } from '../../clock.ts'

/** One key, or what was pasted. */
export interface Key {
  /** `up`, `enter`, `ctrl-c` …; of a key that writes, what it writes; `paste`. Empty: none that is known. */
  readonly name: string
  /** What it writes. */
  readonly text: string
  /** As the terminal sent it. */
  readonly raw: string
}

const SEQUENCES: Readonly<Record<string, string>> = {
  ...{ '[A': 'up', '[B': 'down', '[C': 'right', '[D': 'left', '[H': 'home', '[F': 'end' },
  ...{ OA: 'up', OB: 'down', OC: 'right', OD: 'left', OH: 'home', OF: 'end', '[Z': 'shift-tab' },
  ...{ '[1~': 'home', '[7~': 'home', '[4~': 'end', '[8~': 'end', '[3~': 'delete' },
  ...{ '[5~': 'pageup', '[6~': 'pagedown' },
}

const CONTROLS: Readonly<Record<string, string>> = {
  ...{ '\r': 'enter', '\n': 'enter', '\t': 'tab', '\x7f': 'backspace', '\b': 'backspace', '\x1b': 'escape' },
}

/** A whole key: something pasted, a sequence, a key with Alt, or a character. */
const KEY =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: keys begin with them
  /\x1b\[200~([\s\S]*?)\x1b\[201~|\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[A-Za-z]|\x1b[^[O\x1b]|\x1b|[\s\S]/gu

/** The beginning of a key whose rest may still come. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys begin with them
const OPEN = /\x1b\[200~(?:(?!\x1b\[201~)[\s\S])*$|\x1b(?:\[[0-?]*[ -/]*|O)?$/u

/** Milliseconds after which what has begun is taken for what it is: Esc is the beginning of most keys. */
const REST = 50

/**
 * Turns what a terminal sends into keys, wherever it is cut. An arrow that comes in two parts never becomes a letter:
 * letters decide things.
 */
export function createKeys(onKey: (key: Key) => void, clock: Clock = systemClock) {
  let open = ''
  let callOff = () => {}
  const take = (text: string) => {
    for (const [raw, pasted] of text.matchAll(KEY)) onKey(keyOf(raw, pasted))
  }
  return {
    push(chunk: string): void {
      callOff()
      const text = open + chunk
      open = OPEN.exec(text)?.[0] ?? ''
      take(text.slice(0, text.length - open.length))
      if (open === '') return
      callOff = clock.after(REST, () => {
        const rest = open
        open = ''
        take(rest.startsWith('\x1b[200~') ? `${rest}\x1b[201~` : rest === '\x1b' ? rest : '')
      })
    },
    end: () => callOff(),
  }
}

function keyOf(raw: string, pasted: string | undefined): Key {
  if (pasted !== undefined) return { name: 'paste', text: pasted, raw }
  const control = CONTROLS[raw]
  if (control !== undefined) return { name: control, text: '', raw }
  if (raw.startsWith('\x1b')) return { name: SEQUENCES[raw.slice(1)] ?? '', text: '', raw }
  const code = raw.codePointAt(0) ?? 0
  if (code < 32) return { name: `ctrl-${String.fromCharCode(code + 96)}`, text: '', raw }
  return { name: raw, text: raw, raw }
}
