import type { ChalkInstance } from 'chalk'
import { isObject } from '../../json.ts'
import type { RunState } from '../../store/states.ts'
import { formatDollars, formatDuration, formatTokens } from '../format.ts'
import { budgetOf } from '../summary.ts'
import { widthOf } from '../text.ts'
import type { Feed, Row } from './feed.ts'
import { barOf, between, clip, joinFitting } from './fit.ts'
import { wholeSeconds } from './list-line.ts'

/** Milliseconds for which an alert stays in the header. */
const ALERT = 60_000

type Paint = (text: string) => string

function paintOf(state: RunState, style: ChalkInstance): Paint {
  if (state === 'succeeded') return style.green
  if (state === 'failed') return style.red
  return state === 'running' ? style.cyan : style.yellow
}

/** What there is of rows in which state: what the header says, and the list sorts by. */
interface Counts {
  readonly atWork: number
  readonly forPeople: number
  readonly inQueue: number
  readonly succeeded: number
  readonly failed: number
  readonly others: number
}

/** One look at all rows for each thing that is new, however often it is drawn. */
function tallyOf(feed: Feed) {
  const known = tallies.get(feed)
  if (known?.version === feed.version) return known
  const tally = {
    version: feed.version,
    counts: countsOf(feed.rows.values()),
    places: placesOf(feed.rows.values()),
  }
  tallies.set(feed, tally)
  return tally
}

const tallies = new WeakMap<
  Feed,
  { readonly version: number; readonly counts: Counts; readonly places: ReadonlyMap<string, number> }
>()

function countsOf(rows: Iterable<Row>): Counts {
  const counts = { atWork: 0, forPeople: 0, inQueue: 0, succeeded: 0, failed: 0, others: 0 }
  for (const { step, waits } of rows) {
    if (step.state === 'running') {
      if (waits === 'person') counts.forPeople += 1
      else if (waits === 'queue') counts.inQueue += 1
      else counts.atWork += 1
    } else if (step.state === 'succeeded') counts.succeeded += 1
    else if (step.state === 'failed') counts.failed += 1
    else counts.others += 1
  }
  return counts
}

/** What the run does, in words: `3 agents at work, 1 waits for you`. Never more than the journal says. */
function wordsFor(feed: Feed, counts: Counts, isOurs = true): string {
  const { state, error } = feed.view
  const { atWork, forPeople, inQueue, succeeded, failed, others } = counts
  const all = atWork + forPeople + inQueue + succeeded + failed + others
  const who = isOurs ? 'you' : 'a person'
  const done = [
    ...(succeeded > 0 ? [`${succeeded} succeeded`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(others > 0 ? [`${others} stopped or skipped`] : []),
  ]
  if (state !== 'running' && state !== 'waiting') {
    const why = error ? `${error.code}: ${error.message}` : ''
    return [why, ...done, ...(all === 0 ? ['no agent has begun'] : [])].filter(Boolean).join(', ')
  }
  const now = [
    ...(atWork > 0 ? [`${count(atWork, 'agent')} at work`] : []),
    ...(forPeople > 0 ? [`${forPeople} ${forPeople === 1 ? 'waits' : 'wait'} for ${who}`] : []),
    ...(inQueue > 0 ? [`${inQueue} ${inQueue === 1 ? 'waits' : 'wait'} in a queue`] : []),
  ]
  const asked = feed.questions.length
  if (asked > forPeople && forPeople === 0) now.push(`${count(asked, 'question')} for ${who}`)
  if (now.length === 0) now.push(all === 0 ? 'no agent has begun yet' : 'between agents')
  return [...now, ...done].join(', ')
}

function count(number: number, what: string): string {
  return `${formatTokens(number)} ${what}${number === 1 ? '' : 's'}`
}

/** How long the run has been active: the time since the last event counts only while somebody runs it. */
function elapsedOf({ view, now }: Feed): number {
  return view.active + (view.state === 'running' ? Math.max(0, now - view.updatedAt) : 0)
}

/** The lines above every view: who, what it does, what it costs, and what somebody should know now. */
export function headerLines(
  feed: Feed,
  id: string,
  pattern: string,
  {
    columns,
    style,
    note,
  }: { readonly columns: number; readonly style: ChalkInstance; readonly note?: string },
): string[] {
  const { view } = feed
  const paint = paintOf(view.state, style)
  const { counts, places } = tallyOf(feed)
  const state = `${paint(style.bold(view.state))} ${style.dim(view.state === 'running' ? wholeSeconds(elapsedOf(feed)) : formatDuration(elapsedOf(feed)))}`
  const facts = [pattern, ...(view.rehearsal ? ['rehearsal'] : []), id]
    .map(text => clip(text, 40))
    .join(' · ')
  const room = columns - widthOf(state) - 4
  const team = clip(view.team || '…', Math.max(8, room - Math.min(room >> 1, widthOf(facts) + 2)))
  const who = `${style.bold(team)}  ${style.dim(clip(facts, room - widthOf(team) - 2))}`
  const left = columns - 2
  return [
    ` ${between(who, state, left)}`,
    ` ${clip(wordsFor(feed, counts), left)}`,
    ` ${moneyLine(feed, { columns: left, style })}`,
    ` ${lastLine(feed, { columns: left, style, places, ...(note !== undefined && { note }) })}`,
  ]
}

/** Spent, what of that is the budget, how fast, and what is put aside for calls under way. */
function moneyLine(
  feed: Feed,
  { columns, style }: { readonly columns: number; readonly style: ChalkInstance },
): string {
  const { spent, rehearsal } = feed.view
  const { usd, tokens } = budgetOf(feed.view)
  if (spent.calls === 0 && usd === undefined && tokens === undefined)
    return style.dim('no model calls so far')
  const about = spent.estimated > 0 ? '~' : ''
  const used = spent.input + spent.output
  const isUnknown = spent.calls > 0 && spent.unpriced === spent.calls
  const price = isUnknown ? 'price unknown' : `${about}${formatDollars(spent.usd)}`
  const money = usd === undefined ? price : `${price} of ${formatDollars(usd)}`
  const counted = `${about}${formatTokens(used)}${tokens === undefined ? '' : ` of ${formatTokens(tokens)}`} tokens`
  const shares = [
    ...(usd === undefined ? [] : [spent.usd / Math.max(usd, 1e-12)]),
    ...(tokens === undefined ? [] : [used / Math.max(tokens, 1)]),
  ]
  const reserved = feed.view.state === 'running' ? feed.reserved : 0
  const held = usd === undefined ? 0 : reserved / Math.max(usd, 1e-12)
  const parts = [
    `${rehearsal ? 'would have cost ' : ''}${style.bold(money)}`,
    shares.length > 0 ? budgetBar(Math.max(...shares), held, style) : '',
    tokens === undefined ? '' : counted,
    feed.burn > 0 && feed.view.state === 'running' ? `${formatDollars(feed.burn)} a minute` : '',
    reserved > 0 ? style.dim(`${formatDollars(reserved)} reserved`) : '',
    tokens === undefined ? counted : '',
    spent.unpriced > 0 && !isUnknown ? style.dim(`${spent.unpriced} calls of unknown price`) : '',
  ]
  return joinFitting(parts, style.dim(' · '), columns)
}

/** What is put aside for calls under way is drawn between what is gone and what is left. */
function budgetBar(share: number, reserved: number, style: ChalkInstance): string {
  const paint = share >= 0.9 ? style.red : share >= 0.7 ? style.yellow : style.green
  const { full, held, empty } = barOf(share, 16, reserved)
  return `${paint(full + held)}${style.dim(empty)} ${Math.round(share * 100)} %`
}

interface Last {
  readonly columns: number
  readonly style: ChalkInstance
  readonly places: ReadonlyMap<string, number>
  readonly note?: string
}

/** What somebody should know: what was just done here, what is asked, an alert, or a limit that binds. */
function lastLine(feed: Feed, { columns, style, places, note }: Last): string {
  if (note !== undefined && note !== '') return style.yellow(clip(note, columns))
  const asked = feed.questions
  const [first] = asked
  if (first && feed.view.state !== 'cancelled') {
    const more = asked.length > 1 ? `   and ${asked.length - 1} more` : ''
    const who = clip(first.agent ?? first.key, 30)
    const words = clip(`? ${who} asks: ${first.question}`, Math.max(10, columns - more.length))
    return style.yellow(style.bold(words)) + style.yellow(more)
  }
  const alert = feed.alert
  if (alert && feed.now - alert.at < ALERT) return style.red(clip(`! ${alert.words}`, columns))
  if (feed.view.state !== 'running') return ''
  const worst = [...places].sort(([, a], [, b]) => b - a).slice(0, 2)
  const binding = worst.map(
    ([place, waiting]) => `${waiting} ${waiting === 1 ? 'waits' : 'wait'} for ${nameOf(place, feed)}`,
  )
  return style.dim(clip(binding.join(', '), columns))
}

/** What those who wait in a queue wait for, with how many do. */
function placesOf(rows: Iterable<Row>): Map<string, number> {
  const places = new Map<string, number>()
  for (const { step, waits, doing } of rows) {
    if (waits !== 'queue' || step.state !== 'running') continue
    const place = doing.replace(/^waits for /, '').replace(/, behind \d+$/, '')
    places.set(place, (places.get(place) ?? 0) + 1)
  }
  return places
}

function nameOf(place: string, { view }: Feed): string {
  const { team } = view.definition
  const limits = isObject(team) && isObject(team.limits) ? team.limits : {}
  const value = place === 'limits.concurrency' ? (view.limits.concurrency ?? limits.concurrency) : undefined
  return typeof value === 'number' ? `${place} (${value})` : place
}
