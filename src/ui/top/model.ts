import type { ChalkInstance } from 'chalk'
import { describeNeed } from '../run-list.ts'
import { between, clip, joinFitting, pad } from '../screen/fit.ts'
import { filterRows, formatRows, needsSomebody, sortRows, type TopFilter, type TopRow } from './rows.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** Lines that are no runs: the title, the heads, what the chosen one does, and the keys, with blanks between. */
const AROUND = 6

const STATES = ['running', 'waiting', 'interrupted', 'failed', 'succeeded', 'cancelled']

/** What a key leads to, besides another look: the page of a run, or the end. */
export type Step = { readonly open: string } | 'quit' | undefined

/** The list of runs as somebody goes through it. Knows nothing of terminals: keys come by their names, lines go out. */
export class TopModel {
  chosen: string | undefined
  filter: TopFilter = {}
  /** Whether a text to filter by is being typed. */
  isTyping = false

  private all: readonly TopRow[] = []
  private first = 0

  /** What there is now. Who was chosen stays chosen. */
  show(rows: readonly TopRow[], now: number): void {
    this.all = sortRows(rows, now)
    this.choose(0)
  }

  get rows(): readonly TopRow[] {
    return filterRows(this.all, this.filter)
  }

  take(name: string, text: string, { rows }: Size): Step {
    if (this.isTyping) return this.type(name, text)
    const page = Math.max(1, rows - AROUND - 1)
    if (name === 'q') return 'quit'
    if (name === 'enter' || name === 'right')
      return this.chosen === undefined ? undefined : { open: this.chosen }
    if (name === 'up' || name === 'k') this.choose(-1)
    else if (name === 'down' || name === 'j') this.choose(1)
    else if (name === 'pageup') this.choose(-page)
    else if (name === 'pagedown' || name === ' ') this.choose(page)
    else if (name === 'home' || name === 'g') this.choose(Number.NEGATIVE_INFINITY)
    else if (name === 'end' || name === 'G') this.choose(Number.POSITIVE_INFINITY)
    else if (name === '/') this.isTyping = true
    else if (name === 's') this.narrow({ state: after(STATES, this.filter.state) })
    else if (name === 't') this.narrow({ team: after(this.teams, this.filter.team) })
    else if (name === 'escape') this.narrow({ state: undefined, team: undefined, text: undefined })
    return undefined
  }

  lines(
    { columns, rows }: Size,
    look: { style: ChalkInstance; now: number; db?: string | undefined },
  ): string[] {
    const { style, now } = look
    const found = this.rows
    const height = Math.max(1, rows - AROUND)
    const at = found.findIndex(({ run }) => run.id === this.chosen)
    this.first = Math.max(0, Math.min(this.first, at, found.length - height), at - height + 1)
    const shown = found.slice(this.first, this.first + height)
    const [heads = '', ...table] = formatRows(shown, { ...look, width: columns - 2 })
    const body = table.map((line, index) =>
      shown[index]?.run.id === this.chosen ? `${style.cyan('›')} ${style.bold(line)}` : `  ${line}`,
    )
    const none =
      this.all.length === 0
        ? 'no runs yet; start one with: crew run TEAM'
        : 'no run is like that; Esc shows all'
    const middle = found.length > 0 ? body : [`  ${style.dim(clip(none, columns - 2))}`]
    const blank = Array.from({ length: Math.max(0, height - middle.length) }, () => '')
    const chosen = found[at]
    const need = chosen ? describeNeed(chosen.run, chosen.glance, look.db) : ''
    const detail = chosen && need !== '' ? `${chosen.run.id}: ${need}` : ''
    return [
      ...[this.title(found, columns, now, style), '', `  ${heads}`, ...middle, ...blank],
      ...['', ` ${style.dim(clip(detail, columns - 2))}`, this.foot(columns, style)],
    ].slice(-rows)
  }

  private get teams(): string[] {
    return [...new Set(this.all.map(({ run }) => run.team))].sort()
  }

  private title(found: readonly TopRow[], columns: number, now: number, style: ChalkInstance): string {
    const running = this.all.filter(({ run }) => run.owner && run.state === 'running').length
    const needy = this.all.filter(row => needsSomebody(row, now)).length
    const need = needy === 0 ? '' : `, ${needy} ${needy === 1 ? 'needs' : 'need'} somebody`
    const words = `crew top  ${running} running${need}`
    const { state, team, text } = this.filter
    const filters = [state, team === undefined ? '' : `team ${team}`, text ? `"${text}"` : ''].filter(Boolean)
    const right =
      filters.length > 0
        ? `${filters.join(', ')}: ${found.length} of ${this.all.length}`
        : `${found.length} runs`
    const left = clip(words, columns - 2)
    return ` ${between(style.bold(left), style.dim(clip(right, Math.max(0, columns - left.length - 4))), columns - 2)}`
  }

  private foot(columns: number, style: ChalkInstance): string {
    if (this.isTyping)
      return pad(` /${clip(this.filter.text ?? '', columns - 20)}▏ Enter keeps it`, columns - 1)
    const keys = [
      ['↑↓', 'choose'],
      ['Enter', 'open'],
      ['q', 'quit'],
      ['/', 'find'],
      ['s', 'state'],
      ['t', 'team'],
      ['Esc', 'all'],
    ]
    const parts = keys.map(([key = '', does = '']) => `${style.bold(key)} ${style.dim(does)}`)
    return ` ${joinFitting(parts, '  ', columns - 1)}`
  }

  private type(name: string, text: string): undefined {
    const { text: known = '' } = this.filter
    if (name === 'enter') this.isTyping = false
    else if (name === 'escape') {
      this.isTyping = false
      this.narrow({ text: undefined })
    } else if (name === 'backspace') this.narrow({ text: [...known].slice(0, -1).join('') })
    else if (text !== '') this.narrow({ text: known + text.replace(/\s+/g, ' ') })
  }

  private narrow(filter: TopFilter): void {
    this.filter = { ...this.filter, ...filter }
    this.choose(0)
  }

  private choose(by: number): void {
    const { rows } = this
    const at = rows.findIndex(({ run }) => run.id === this.chosen)
    const next = Math.max(0, Math.min(rows.length - 1, Math.max(0, at) + by))
    this.chosen = rows[next]?.run.id
  }
}

/** The one after `current`, and behind the last one none. */
function after(all: readonly string[], current: string | undefined): string | undefined {
  return current === undefined ? all[0] : all[all.indexOf(current) + 1]
}
