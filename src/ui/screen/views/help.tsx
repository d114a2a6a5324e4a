import { useInput } from 'ink'
import { type ReactNode, useState } from 'react'
import { clip, pad } from '../fit.ts'
import { Lines, moveFor } from '../pane.tsx'
import type { Scene, View } from '../view.ts'

type Keys = View['keys']

/** All keys, with what they do; those of the view that was shown before come first. */
export function helpOf(views: () => readonly View[], before: () => View, general: () => Keys): View {
  return {
    key: '?',
    title: 'help',
    keys: [['↑↓', 'scroll']],
    draw: ({ scene, columns, rows }) => {
      const lines = helpLines({ views: views(), before: before(), general: general(), scene, columns })
      return <Scrolled lines={lines} rows={rows} />
    },
  }
}

function Scrolled({ lines, rows }: { readonly lines: readonly string[]; readonly rows: number }): ReactNode {
  const [wished, setTop] = useState(0)
  const last = Math.max(0, lines.length - rows)
  const top = Math.min(wished, last)
  useInput((input, key) => {
    const how = moveFor(input, key)
    const to = { up: top - 1, down: top + 1, 'page-up': top - rows, 'page-down': top + rows, first: 0, last }
    if (how) setTop(Math.max(0, Math.min(last, to[how])))
  })
  return <Lines lines={lines.slice(top, top + rows)} rows={rows} />
}

interface Help {
  readonly views: readonly View[]
  readonly before: Pick<View, 'title' | 'keys'>
  readonly general: Keys
  readonly scene: Pick<Scene, 'style'>
  readonly columns: number
}

/** In two columns where there is room. */
function helpLines({ views, before, general, scene, columns }: Help): string[] {
  const { style } = scene
  const section = (title: string, keys: Keys, width: number) => [
    style.bold(title),
    ...keys.map(([key, does]) => `  ${style.cyan(pad(clip(key, 14), 14))} ${clip(does, width - 18)}`),
    '',
  ]
  const half = columns >= 76 ? Math.floor((columns - 4) / 2) : columns - 4
  const left = [
    ...(before.keys.length > 0 ? section(`In ${before.title}`, before.keys, half) : []),
    ...section(
      'Views',
      views.map(({ key, title }) => [key, title] as const),
      half,
    ),
  ]
  const always = section('Always', general, half)
  const marks = section('Marks', MARKS, half)
  // What always works stands at the end, to which one key leads.
  if (columns < 76) return ['', ...left, ...marks, ...always.slice(0, -1)].map(line => `  ${line}`)
  const right = [...always, ...marks]
  const lines = Array.from(
    { length: Math.max(left.length, right.length) },
    (_, index) => `  ${pad(left[index] ?? '', half)}  ${right[index] ?? ''}`,
  )
  return ['', ...lines]
}

const MARKS: Keys = [
  ['▸ ✓ ✗ ?', 'at work, succeeded, failed, asks'],
  ['○ - ∅ ■', 'to come, skipped, cancelled, broken off'],
  ['↻ ◆ !', 'tried again, decided, alert'],
  ['━ ╍ ─', 'budget: spent, reserved, left'],
]
