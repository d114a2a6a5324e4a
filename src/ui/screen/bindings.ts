import type { Question } from '../../store/questions.ts'
import type { Mode } from './mode.ts'
import { keysOf } from './question.ts'
import type { View } from './view.ts'

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
export function takes({ keys }: Pick<View, 'keys'>, name: string): boolean {
  return keys.some(([label]) => {
    if (label === '/') return name === '/'
    return label
      .split(/[ /]/)
      .some(part => NAMES[part]?.includes(name) ?? (part === name || isBetween(name, part)))
  })
}

/** Whether `name` is one of a range like `1-9`. */
function isBetween(name: string, range: string): boolean {
  const [, from = '', to = ''] = /^(.)-(.)$/.exec(range) ?? []
  return from !== '' && name.length === 1 && name >= from && name <= to
}

interface Situation {
  readonly mode: Mode
  /** The question that is shown. */
  readonly question: Question | undefined
  /** Questions that nobody has answered. */
  readonly open: number
  readonly canEdit: boolean
  /** Whether anything can be done about the run. */
  readonly canSteer: boolean
  readonly view: View
  readonly canGoBack: boolean
}

const STEERING: View['keys'] = [
  ['w', 'tell'],
  ['p', 'pause'],
  ['x', 'cancel'],
]

/** The keys that work now, the most important first. */
export function keysNow(now: Situation): View['keys'] {
  const { mode, question, open, canEdit, canSteer, view, canGoBack } = now
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
  if (question) return keysOf(question, open - 1, canEdit)
  const answer: View['keys'] = [['a', `answer ${open === 1 ? 'it' : `(${open})`}`]]
  const back: View['keys'] = [['Esc', 'back']]
  const help: View['keys'] = [['?', 'help']]
  return [
    ...(canSteer && open > 0 ? answer : []),
    ...(canGoBack ? back : []),
    ...view.keys,
    ...(canSteer ? STEERING : []),
    ['q', 'leave the screen'],
    ...(view.key === '?' ? [] : help),
  ]
}
