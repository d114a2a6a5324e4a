import type { Clock } from '../../clock.ts'
import { toCrewError } from '../../errors.ts'
import { EMPTY, type Prompt, promptOf } from './prompt.ts'

/** What the keys are for now. */
export type Mode =
  | { readonly kind: 'look' }
  | { readonly kind: 'question'; readonly key: string }
  | {
      readonly kind: 'write'
      readonly label: string
      readonly prompt: Prompt
      readonly send: (text: string) => void
    }
  | { readonly kind: 'sure'; readonly question: string; readonly send: () => void }

export type Modes = ReturnType<typeof createModes>

/** Milliseconds for which it is said what was done. */
const NOTE = 8000

/** Which mode the keys are in, and what is said about the last thing that was done. */
export function createModes(changed: () => void, clock: Clock) {
  let mode: Mode = { kind: 'look' }
  let note = ''
  let callOff = () => {}

  const turnTo = (next: Mode) => {
    mode = next
    changed()
  }
  const say = (words: string) => {
    note = words
    callOff()
    callOff = clock.after(NOTE, () => {
      note = ''
      changed()
    })
    changed()
  }
  return {
    get now() {
      return mode
    },
    get note() {
      return note
    },
    turnTo,
    look: () => turnTo({ kind: 'look' }),
    say,
    /** Why something could not be done. */
    complain: (error: unknown) => say(toCrewError(error).message),
    /** Has a line written, which begins as `text`; then everything is as it was before. */
    write(label: string, text: string, send: (text: string) => void): void {
      const back = mode
      turnTo({
        kind: 'write',
        label,
        prompt: text === '' ? EMPTY : promptOf(text),
        send: words => {
          turnTo(back)
          send(words)
        },
      })
    },
    end: () => callOff(),
  }
}
