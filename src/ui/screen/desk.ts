import { type Clock, systemClock } from '../../clock.ts'
import { toCrewError } from '../../errors.ts'
import type { Question } from '../../store/questions.ts'
import type { Controls } from './controls.ts'
import type { Feed } from './feed.ts'
import type { Key } from './keys.ts'
import { EMPTY, edit, type Prompt, promptOf } from './prompt.ts'
import { keysOf, rejection, waysOf } from './question.ts'
import type { View } from './view.ts'

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

/** Milliseconds for which it is said what was done. */
const NOTE = 8000

interface Wishes {
  readonly feed: Feed
  readonly controls: Controls | undefined
  readonly views: readonly View[]
  /** The page of an agent, if there is one. */
  readonly page: View | undefined
  readonly help: (desk: Desk) => View
  /** Has a person change a value in their editor; absent where there is none. */
  readonly editor: ((question: Question) => Promise<string | undefined>) | undefined
  readonly quit: () => void
  /** Leaves the screen for where it was opened from, if that is somewhere. */
  readonly back?: (() => void) | undefined
  readonly clock?: Clock
}

export type Desk = ReturnType<typeof createDesk>

/**
 * What somebody at the screen looks at, and is about to do. Keys come in, words for the run go out; nothing is drawn here.
 */
export function createDesk({
  feed,
  controls,
  views,
  page,
  help,
  editor,
  quit,
  back,
  clock = systemClock,
}: Wishes) {
  const [home] = views
  if (!home) throw new Error('there is nothing to look at')
  const listeners = new Set<() => void>()
  /** Keys of questions that were answered here, and that the run has not taken up yet. */
  const answered = new Set<string>()
  let version = 0
  /** What Esc goes back through; what is shown comes last. */
  let trail: readonly View[] = [home]
  const shown = (): View => trail.at(-1) ?? home
  let mode: Mode = { kind: 'look' }
  let isTyping = false
  let chosen: string | undefined
  let note = ''
  let callOff = () => {}

  const changed = () => {
    version += 1
    for (const listener of listeners) listener()
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
  const turnTo = (next: Mode) => {
    mode = next
    top = 0
    changed()
  }
  const look = () => turnTo({ kind: 'look' })
  const show = (next: View) => {
    const isOnTop = next === page || !views.includes(next)
    if (isOnTop && trail.includes(next)) return
    trail = isOnTop ? [...trail, next] : next === home ? [home] : [home, next]
    isTyping = false
    changed()
  }
  const goBack = () => {
    trail = trail.slice(0, -1)
    isTyping = false
    changed()
  }
  /** The first line of what is scrolled, and how far it may go: drawn last. */
  let top = 0
  let last = 0

  const questions = () => feed.questions.filter(({ key, openedAt }) => !answered.has(`${openedAt} ${key}`))
  const asked = () =>
    mode.kind === 'question' ? questions().find(({ key }) => key === keyOf(mode)) : undefined

  /** Does something about the run, and says what became of it. */
  const act = (work: () => Promise<unknown>, done: string) => {
    work().then(
      () => say(done),
      error => say(toCrewError(error).message),
    )
  }
  const write = (label: string, text: string, send: (text: string) => void) => {
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
  }
  const answer = (question: Question, words: string, done: string) => {
    if (!controls) return
    const name = `${question.openedAt} ${question.key}`
    controls.answer(question, words).then(
      () => {
        answered.add(name)
        const [next] = questions()
        if (mode.kind === 'question') turnTo(next ? { kind: 'question', key: next.key } : { kind: 'look' })
        say(`${question.key}: ${done}`)
      },
      error => say(toCrewError(error).message),
    )
  }

  function pressQuestion(question: Question, { name }: Key): void {
    const ways = waysOf(question)
    const all = questions()
    if (name === 'escape') look()
    else if (name === 'tab') {
      const next = all[(all.findIndex(({ key }) => key === question.key) + 1) % all.length]
      if (next) turnTo({ kind: 'question', key: next.key })
    } else if (scroll(name)) changed()
    else if (name === 'a' && ways.approve) answer(question, 'approve', 'approved')
    else if (name === 'A' && ways.always) answer(question, 'always', 'approved, and all that is like it')
    else if (name === 'r' && ways.reject)
      write('why not (Enter alone: no reason)', '', why =>
        answer(question, rejection(question, why), 'rejected'),
      )
    else if (name === 'e' && ways.edit) change(question)
    else if (ways.free && name === 'enter')
      write('your answer', '', words => answer(question, words, 'answered'))
    else if (/^[1-9]$/.test(name)) choose(question, ways.choices[Number(name) - 1])
  }
  function choose(question: Question, choice: string | undefined): void {
    if (choice === undefined) return
    if (!choice.endsWith('=')) answer(question, choice, `answered ${choice}`)
    else write(choice, '', words => answer(question, choice + words, 'answered'))
  }
  function change(question: Question): void {
    const { editable = null } = question
    const done = (words: string | undefined) =>
      words === undefined
        ? say('nothing was changed, and nothing is decided')
        : answer(question, words, 'approved, as edited')
    if (editor) {
      editor(question).then(done, error => say(toCrewError(error).message))
      return
    }
    const text = typeof editable === 'string' ? editable : JSON.stringify(editable)
    if (/\n/.test(text.trimEnd())) {
      say('it has several lines: set EDITOR to change it here, or answer with crew edit')
      return
    }
    write('with this instead', text.trimEnd(), words =>
      answer(question, `edit=${words}`, 'approved, as edited'),
    )
  }
  function scroll(name: string): boolean {
    const by = { up: -1, down: 1, k: -1, j: 1, pageup: -10, pagedown: 10, ' ': 10, home: -1e9, end: 1e9 }[
      name
    ]
    if (by === undefined) return false
    top = Math.max(0, Math.min(last, top + by))
    return true
  }

  function pressLook({ name }: Key): boolean {
    const next = views.find(({ key }) => key === name)
    if (next) show(next)
    else if (name === 'q') quit()
    else if (name === '?') {
      if (shown().key !== '?') show(help(desk))
    } else if (name === 'escape') {
      if (trail.length > 1) goBack()
      else if (back) back()
      else return false
    } else if (controls && isLive()) return pressControls(name, controls)
    else return false
    return true
  }
  const isLive = () => feed.view.state !== 'succeeded' && feed.view.state !== 'cancelled'

  function pressControls(name: string, controls: Controls): boolean {
    if (name === 'a') {
      const [question] = questions()
      if (!question) return false
      turnTo({ kind: 'question', key: question.key })
    } else if (name === 'p') {
      say('finishes what is under way, and pauses then')
      controls.pause().catch(error => say(toCrewError(error).message))
    } else if (name === 'x') {
      turnTo({
        kind: 'sure',
        question: 'End the run for good? What is under way is broken off, and it can never be resumed.',
        send: () => {
          say('is told to end')
          controls.cancel('').catch(error => say(toCrewError(error).message))
        },
      })
    } else if (name === 'w') {
      const row = listener()
      if (!row) say('no agent is at work that could be told something: choose one first')
      else
        write(`to ${row.agent}`, '', words => {
          if (words.trim() !== '')
            act(() => controls.tell(row.key, words), `${row.agent} reads it before its next turn`)
        })
    } else return false
    return true
  }
  /** Who is told something: who is chosen, or the only one at work. */
  function listener() {
    const row = chosen === undefined ? undefined : feed.rows.get(chosen)
    if (row) return row
    const atWork = [...feed.rows.values()].filter(({ step }) => step.state === 'running')
    return atWork.length === 1 ? atWork[0] : undefined
  }

  const desk = {
    subscribe: (listener: () => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    snapshot: () => version,
    get view() {
      return shown()
    },
    /** What is shown again after it. */
    get before() {
      return trail.at(-2) ?? home
    },
    get mode() {
      return mode
    },
    get chosen() {
      return chosen
    },
    get isTyping() {
      return isTyping
    },
    get note() {
      return note
    },
    get question() {
      return asked()
    },
    get open() {
      return questions()
    },
    say,
    choose(key: string) {
      chosen = key
      changed()
    },
    openPage() {
      if (page) show(page)
    },
    typing(is: boolean) {
      isTyping = is
    },
    /** Where a text of so many lines is seen from, in a place of so many. */
    topOf(lines: number, height: number): number {
      last = Math.max(0, lines - height)
      top = Math.min(top, last)
      return top
    },
    keys: (): View['keys'] =>
      keysNow(desk, {
        controls,
        views,
        editor: editor !== undefined,
        isLive: isLive(),
        home,
        hasBack: back !== undefined,
      }),
    /** False: the key is for the view that is shown. */
    press(key: Key): boolean {
      if (mode.kind === 'write') {
        if (key.name === 'escape') look()
        else if (key.name === 'enter') mode.send(mode.prompt.text)
        else turnTo({ ...mode, prompt: edit(mode.prompt, key) })
        return true
      }
      if (mode.kind === 'sure') {
        const { send } = mode
        look()
        if (key.name === 'y') send()
        return true
      }
      const question = asked()
      if (question) {
        pressQuestion(question, key)
        return true
      }
      // What was asked was answered by somebody else meanwhile.
      if (mode.kind === 'question') look()
      if (isTyping) return false
      if (key.name === 'paste' || takes(shown(), key.name)) return false
      return pressLook(key)
    },
    end: () => callOff(),
  }
  return desk
}

function keyOf(mode: Mode): string | undefined {
  return mode.kind === 'question' ? mode.key : undefined
}

const NAMES: Readonly<Record<string, readonly string[]>> = {
  '↑↓': ['up', 'down', 'j', 'k'],
  '←→': ['left', 'right'],
  Enter: ['enter'],
  PgUp: ['pageup'],
  PgDn: ['pagedown'],
  Space: [' '],
  space: [' '],
  Tab: ['tab'],
  Home: ['home'],
  End: ['end'],
}

/** Whether a view has said that it takes a key: its own come first. */
function takes({ keys }: Pick<View, 'keys'>, name: string): boolean {
  return keys.some(([label]) => {
    if (label === '/') return name === '/'
    return label
      .split(/[ /]/)
      .some(
        part =>
          NAMES[part]?.includes(name) ??
          (part === name ||
            (part.length === 3 &&
              part[1] === '-' &&
              name >= part.charAt(0) &&
              name <= part.charAt(2) &&
              name.length === 1)),
      )
  })
}

interface Around {
  readonly controls: Controls | undefined
  readonly views: readonly View[]
  readonly editor: boolean
  readonly isLive: boolean
  readonly home: View
  readonly hasBack: boolean
}

/** The keys that work now, the most important first. */
function keysNow(desk: Desk, { controls, editor, isLive, home, hasBack }: Around): View['keys'] {
  const { mode, question, open, view } = desk
  if (mode.kind === 'write')
    return [
      ['Enter', 'send'],
      ['Esc', 'leave it'],
    ]
  if (mode.kind === 'sure')
    return [
      ['y', 'yes, end it'],
      ['any other key', 'no'],
    ]
  if (question) return keysOf(question, open.length - 1, editor)
  return [
    ...(controls && isLive && open.length > 0
      ? ([['a', `answer ${open.length === 1 ? 'it' : `(${open.length})`}`]] as const)
      : []),
    ...(view === home && !hasBack ? [] : ([['Esc', 'back']] as const)),
    ...view.keys,
    ...(controls && isLive ? CONTROLS : []),
    ['q', 'leave the screen'],
    ...(view.key === '?' ? [] : ([['?', 'help']] as const)),
  ]
}

const CONTROLS: View['keys'] = [
  ['w', 'tell'],
  ['p', 'pause'],
  ['x', 'cancel'],
]
