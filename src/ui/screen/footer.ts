import type { ChalkInstance } from 'chalk'
import { widthOf } from '../text.ts'
import { joinFitting } from './fit.ts'
import type { View } from './view.ts'

type Keys = View['keys']

/** The views, by their keys; the one that is shown is marked, also without colours. */
export function viewsLine(
  views: readonly Pick<View, 'key' | 'title'>[],
  shown: Pick<View, 'key' | 'title'>,
  columns: number,
  style: ChalkInstance,
): string {
  const full = (view: Pick<View, 'key' | 'title'>) =>
    view.key === shown.key
      ? style.bold(`[${view.title}]`)
      : `${style.cyan(view.key)} ${style.dim(view.title)}`
  const short = (view: Pick<View, 'key' | 'title'>) =>
    view.key === shown.key ? style.bold(`[${view.title}]`) : style.cyan(view.key)
  const all = views.some(({ key }) => key === shown.key) ? views : [...views, shown]
  for (let words = all.length; words >= 0; words -= 1) {
    const line = all
      .map((view, index) => (index < words ? full(view) : short(view)))
      .join(words > 3 ? '  ' : ' ')
    if (widthOf(line) <= columns) return line
  }
  return style.bold(`[${shown.title}]`)
}

/** The keys that work now, most important first; what does not fit is in the help, to which the key is always shown. */
export function keysLine(keys: Keys, columns: number, style: ChalkInstance): string {
  const show = ([key, does]: Keys[number]) => `${style.bold(key)} ${style.dim(does)}`
  const help = keys.filter(([key]) => key === '?').map(show)
  const others = keys.filter(([key]) => key !== '?').map(show)
  const room = columns - help.reduce((width, part) => width + widthOf(part) + 2, 0)
  return [joinFitting(others, '  ', room), ...help].join('  ')
}
