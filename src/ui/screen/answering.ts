import type { Clock } from '../../clock.ts'
import { asText, type Json } from '../../json.ts'
import type { Question } from '../../store/questions.ts'
import { editedAnswer } from '../editor.ts'
import type { Controls } from './controls.ts'
import type { Feed } from './feed.ts'
import type { Modes } from './mode.ts'
import { rejection, waysOf } from './question.ts'

/** Has a person change a text, which is a value or what they made of it before. Gives what they left. */
export type Editor = (value: Json, text: string) => Promise<string>

/** Milliseconds in which a key that has decided is held down: it decides nothing about the next question, which nobody has read. */
const HELD = 150

const STEPS: Readonly<Record<string, number>> = {
  ...{ up: -1, k: -1, down: 1, j: 1, pageup: -10, pagedown: 10, ' ': 10, home: -1e9, end: 1e9 },
}

interface Wishes {
  readonly feed: Feed
  readonly controls: Controls | undefined
  readonly editor: Editor | undefined
  readonly modes: Modes
  readonly clock: Clock
  readonly changed: () => void
}

/** The questions of a run, and the keys that answer the one that is shown. */
export function createAnswering({ feed, controls, editor, modes, clock, changed }: Wishes) {
  /** Names of questions that were answered here, and that the run has not taken up yet. */
  const answered = new Set<string>()
  /** What was made of what could be changed, and did not fit. */
  const drafts = new Map<string, string>()
  /** The key that was pressed last to decide something, and when that was done or it was pressed again. */
  let decided = { by: '', at: Number.NEGATIVE_INFINITY }
  let isSending = false
  /** The first line of the question that is seen, and how far it may go: drawn last. */
  let top = 0
  let last = 0

  const open = () => feed.questions.filter(question => !answered.has(nameOf(question)))
  const shown = () => {
    const { now } = modes
    return now.kind === 'question' ? open().find(({ key }) => key === now.key) : undefined
  }
  const show = (question: Question | undefined) => {
    top = 0
    if (question) modes.turnTo({ kind: 'question', key: question.key })
    else modes.look()
  }

  function answer(question: Question, words: string, done: string): void {
    if (!controls || isSending) return
    isSending = true
    const then = () => {
      decided.at = clock.now()
      answered.add(nameOf(question))
      drafts.delete(nameOf(question))
      if (modes.now.kind === 'question') show(open()[0])
      modes.say(`${question.key}: ${done}`)
    }
    controls
      .answer(question, words)
      .then(then, modes.complain)
      .finally(() => {
        isSending = false
      })
  }

  function change(question: Question): void {
    const { editable = null } = question
    const draft = drafts.get(nameOf(question))
    const done = (made: string) => {
      drafts.set(nameOf(question), made)
      const words = editedAnswer(editable, made)
      if (words === undefined) modes.say('nothing was changed, and nothing is decided')
      else answer(question, words, 'approved, as edited')
    }
    if (editor) {
      editor(editable, draft ?? asText(editable)).then(done, modes.complain)
      return
    }
    const text = draft ?? (typeof editable === 'string' ? editable.trimEnd() : JSON.stringify(editable))
    if (text.includes('\n'))
      modes.say('it has several lines: set EDITOR to change it here, or answer with crew edit')
    else modes.write('with this instead', text, done)
  }

  function choose(question: Question, choice: string): void {
    if (!choice.endsWith('=')) answer(question, choice, `answered ${choice}`)
    else modes.write(choice, '', words => answer(question, choice + words, 'answered'))
  }

  /** What the key decides about the question, if it decides anything. */
  function decisionOf(name: string, question: Question): (() => void) | undefined {
    const ways = waysOf(question)
    if (name === 'a' && ways.approve) return () => answer(question, 'approve', 'approved')
    if (name === 'A' && ways.always)
      return () => answer(question, 'always', 'approved, and all that is like it')
    if (name === 'r' && ways.reject)
      return () =>
        modes.write('why not (Enter alone: no reason)', '', why =>
          answer(question, rejection(question, why), 'rejected'),
        )
    if (name === 'e' && ways.edit) return () => change(question)
    if (name === 'enter' && ways.free)
      return () => modes.write('your answer', '', words => answer(question, words, 'answered'))
    const choice = /^[1-9]$/.test(name) ? ways.choices[Number(name) - 1] : undefined
    return choice === undefined ? undefined : () => choose(question, choice)
  }

  return {
    open,
    shown,
    /** Shows the first question. False: there is none. */
    begin(): boolean {
      const [question] = open()
      if (question) show(question)
      return question !== undefined
    },
    press(question: Question, name: string): void {
      const by = STEPS[name]
      const decide = decisionOf(name, question)
      if (name === 'escape') modes.look()
      else if (name === 'tab') show(behind(question, open()))
      else if (by !== undefined) {
        top = Math.max(0, Math.min(last, top + by))
        changed()
      } else if (decide) {
        const isHeld = name === decided.by && clock.now() - decided.at < HELD
        if (isHeld) decided.at = clock.now()
        else {
          decided = { by: name, at: Number.NEGATIVE_INFINITY }
          decide()
        }
      }
    },
    /** Where a text of so many lines is seen from, in a place of so many. */
    topOf(lines: number, height: number): number {
      last = Math.max(0, lines - height)
      top = Math.min(top, last)
      return top
    },
  }
}

function behind({ key }: Question, all: readonly Question[]): Question | undefined {
  return all[(all.findIndex(question => question.key === key) + 1) % all.length]
}

/** A question that is asked again has the same key, and is another one. */
function nameOf({ openedAt, key }: Question): string {
  return `${openedAt} ${key}`
}
