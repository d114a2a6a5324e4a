import { createHash } from 'node:crypto'
import { asText } from '../json.ts'
import type { Event } from '../store/events.ts'
import { type RunView, viewOf } from '../store/view.ts'
import { board } from './board.ts'
import { formatDay, formatDollars, formatDuration, formatTime, formatTokens } from './format.ts'
import { messages } from './messages.ts'
import { markOf } from './step-mark.ts'
import { describeCost } from './summary.ts'
import { createTimeline } from './timeline.ts'
import { describeEnd, nameOfCall, standingOf } from './tool-call.ts'
import { chartOf } from './trace/chart.ts'
import { sumsOf } from './trace/compare.ts'
import { Html, html, Texts, weigh } from './trace/html.ts'
import { SCRIPT, STYLE } from './trace/look.ts'
import { describeFailure, describeNote, describeWait, remarksOf } from './trace/notes.ts'
import { lanesOf } from './trace/spans.ts'
import { type Branch, treeOf } from './trace/tree.ts'

/** The most of one text, in bytes. */
const ONE_TEXT = 20_000
/** What the page may weigh, and what a step takes of that without its texts. */
const PAGE = 1_700_000
const STEP = 700
const LEAST_TEXTS = 200_000
/** Decisions that the table lists; every one stands at its step. */
const DECISIONS = 300

interface Page {
  readonly view: RunView
  readonly elapsed: (at: number) => number
  readonly end: number
  readonly isLive: boolean
  readonly texts: Texts
}

/**
 * A run as one page that needs nothing else: no network, no other file. Whatever agents said is text in it: it is
 * escaped, and the policy of the page lets only its own script and style work.
 */
export function pageOf(
  id: string,
  events: readonly Event[],
  { now }: { readonly now?: number } = {},
): string {
  const view = viewOf(events)
  const elapsed = createTimeline(events)
  const end = now ?? view.updatedAt
  const lanes = lanesOf(view, end)
  const texts = new Texts(lengthsIn(view), ONE_TEXT, Math.max(LEAST_TEXTS, PAGE - STEP * view.steps.size))
  const page: Page = { view, elapsed, end, isLive: now !== undefined, texts }
  const tree = treeOf(view)
  const remarks = [
    ...view.notes.flatMap(note => describeNote(note, view)),
    ...tree.waits.flatMap(describeWait),
  ]
  const sections: [name: string, title: string, body: Html | undefined][] = [
    ['result', 'Result', resultOf(page)],
    ['timeline', 'Timeline', lanes.length > 0 ? html`${chartOf(lanes, elapsed, end)}${LEGEND}` : undefined],
    ['steps', 'Steps', html`${listOf(remarks)}${tree.branches.map(branch => stepOf(branch, page, 1))}`],
    ['messages', 'Messages', messagesOf(page)],
    ['board', 'Board', boardOf(page)],
    ['cost', 'Cost', costOf(page)],
    ['decisions', 'Decisions', decisionsOf(page)],
  ]
  const there = sections.flatMap(([name, title, body]) => (body ? [{ name, title, body }] : []))
  const document = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><title>${view.team} · run ${id}</title><style>${new Html(STYLE)}</style></head>
<body><main>${headOf(id, page)}
<nav>${there.map(({ name, title }) => html`<a href="#${name}">${title}</a>`)}<span class="find"><input id="find" type="search" placeholder="Search" aria-label="Search"><span id="count" role="status"></span><button id="open" type="button">unfold</button><button id="close" type="button">fold</button></span></nav>
${there.map(
  ({ name, title, body }) => html`<section><h2>${title}</h2><div id="${name}">${body}</div></section>
`,
)}</main><script>${new Html(SCRIPT)}</script></body></html>
`
  return document.text
}

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
const POLICY = `default-src 'none'; style-src ${hashOf(STYLE)}; script-src ${hashOf(SCRIPT)}; base-uri 'none'; form-action 'none'`

const LEGEND = html`<div class="legend"><span><i class="work"></i>at work</span><span><i class="failed"></i>failed</span><span><i class="queue"></i>waits for its turn</span><span><i class="pause"></i>waits to try again</span><span><i class="person"></i>waits for a person</span></div>`

/** Lengths of all the texts that the page shows in blocks. */
function lengthsIn({ steps, exchanged }: RunView): number[] {
  const length = (value: Parameters<typeof asText>[0] | undefined) =>
    value === undefined ? 0 : weigh(asText(value))
  return [
    ...[...steps.values()].flatMap(step => [length(step.input), length(step.output)]),
    ...exchanged.map(fact =>
      fact.type === 'message.sent'
        ? length(fact.message.payload)
        : fact.type === 'board.written'
          ? length(fact.value)
          : 0,
    ),
  ]
}

function headOf(id: string, { view, elapsed, end, isLive }: Page): Html {
  const state = view.state === 'running' && !isLive ? 'interrupted' : view.state
  const agents = [...view.steps.values()].filter(({ kind }) => kind === 'agent')
  const done = agents.filter(step => step.state === 'succeeded').length
  const colour = state === 'succeeded' ? 'good' : state === 'failed' ? 'bad' : 'warn'
  const { team } = view.definition
  const about =
    typeof team === 'object' && team !== null && 'description' in team ? asText(team.description ?? '') : ''
  const facts: [string, string][] = [
    ['took', formatDuration(elapsed(end))],
    ['agents done', `${done} of ${agents.length}`],
    ['cost', describeCost(view)],
    ['started', `${formatDay(view.startedAt)} ${formatTime(view.startedAt)}`],
    ['run', `${id}, crew ${view.crew}`],
  ]
  return html`<h1>${view.team} <span class="${colour}">${state}</span></h1>${about && html`<p class="dim">${about}</p>`}<dl class="facts">${facts.map(([name, value]) => html`<div${name === 'cost' && html` class="wider"`}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function resultOf({ view }: Page): Html {
  // What the run is about never gives way to the texts of its steps.
  const texts = new Texts([], ONE_TEXT, PAGE)
  const { input, output, error } = view
  const given = Object.entries(input).map(([name, value]) =>
    card(`given: ${name}`, texts.block(asText(value))),
  )
  const failure =
    error && html`<div class="card"><h3>failed</h3><p class="bad">${error.code}: ${error.message}</p></div>`
  return html`${output !== undefined && card('gave', texts.block(asText(output)))}${failure}${given.length > 0 && html`<details class="more"><summary>what it was given</summary>${given}</details>`}`
}

function card(title: string, body: Html): Html {
  return html`<div class="card" data-row><h3>${title}</h3>${body}</div>`
}

/** Levels of steps that are unfolded at first. */
const OPEN = 1
/** Elements inside of elements that a browser lays out; deeper steps stand side by side. */
const DEEPEST = 60

function stepOf(branch: Branch, page: Page, level: number): Html {
  const { step, name, branches } = branch
  const { view, isLive, texts } = page
  const [mark, colour] = markOf(standingOf(branch), isLive)
  const tone = { green: 'good', red: 'bad', yellow: 'warn', cyan: 'run', gray: 'dim' }[colour]
  const call = nameOfCall(step)
  const what = step.agent ?? step.kind
  const remarks = [
    ...remarksOf(branch, view),
    ...(step.kind === 'tool'
      ? describeEnd(branch).filter(line => !line.startsWith('→'))
      : describeFailure(step, view)),
  ]
  const { input, output } = step
  const inner = branches.map(child => stepOf(child, page, level + 1))
  const title = call ?? (what === name || what === 'step' ? name : `${name} (${what})`)
  const head = html`<summary><span class="${tone}">${mark}</span><span class="name">${brief(title)}</span><span class="meta">${metaOf(branch, page)}</span></summary>`
  const body = html`<div class="in">${listOf(remarks)}${input !== undefined && folded(step.kind === 'tool' ? 'called with' : 'asked', texts.block(asText(input)))}${output !== undefined && asText(output) !== '' && folded('gave', texts.block(asText(output)))}</div>`
  const isOpen = level <= OPEN && branches.length > 0 && branches.length < 30
  if (level >= DEEPEST) return html`<details class="step">${head}${body}</details>${inner}`
  return html`<details class="step"${isOpen && html` open`}>${head}${body}${inner}</details>`
}

function brief(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

function folded(title: string, body: Html): Html {
  return html`<details class="more"><summary>${title}</summary>${body}</details>`
}

function metaOf({ step }: Branch, { view, elapsed, end }: Page): string {
  const { spent, starts, startedAt, endedAt } = step
  if (starts === 0) return step.state
  const took = formatDuration(elapsed(endedAt ?? end) - elapsed(startedAt))
  const tokens = spent.calls > 0 ? ` · ${formatTokens(spent.input + spent.output)} tokens` : ''
  const cost =
    spent.calls > 0 && !view.rehearsal
      ? ` · ${spent.unpriced === spent.calls ? 'price unknown' : formatDollars(spent.usd)}`
      : ''
  return `${starts > 1 ? `×${starts} · ` : ''}+${formatDuration(elapsed(startedAt))} · ${took}${tokens}${cost}`
}

function listOf(lines: readonly string[]): Html | false {
  if (lines.length === 0) return false
  return html`<ul class="remarks">${lines.map(line => html`<li${line.startsWith('    ') && html` class="sub"`}>${line.length > ONE_LINE ? `${line.slice(0, ONE_LINE)}…` : line}</li>`)}</ul>`
}

const ONE_LINE = 600

function messagesOf({ view, texts, elapsed }: Page): Html | undefined {
  const rows = view.exchanged.flatMap(fact => (fact.type === 'message.sent' ? [fact] : []))
  if (rows.length === 0) return undefined
  const states = new Map(
    messages
      .rows(view)
      .map(row => [
        (row as { id: string }).id,
        messageState(row as { deliveries?: readonly { to: string; state: string }[] }),
      ]),
  )
  return tableOf(
    ['when', 'from', 'to', 'type', 'state', 'message'],
    rows.map(({ at, message }) => [
      `+${formatDuration(elapsed(at))}`,
      message.from,
      message.to ?? message.topic ?? 'everybody',
      message.type,
      states.get(message.id) ?? '',
      texts.block(asText(message.payload)),
    ]),
  )
}

function messageState({
  deliveries = [],
}: {
  readonly deliveries?: readonly { to: string; state: string }[]
}): string {
  return deliveries.length === 0 ? 'waiting' : deliveries.map(({ to, state }) => `${to}: ${state}`).join(', ')
}

function boardOf({ view, texts, elapsed }: Page): Html | undefined {
  const writes = view.exchanged.flatMap(fact => (fact.type === 'board.written' ? [fact] : []))
  if (writes.length === 0 || board.rows(view).length === 0) return undefined
  return tableOf(
    ['name', 'version', 'by', 'when', 'value'],
    writes.map(({ name, version, by, at, value }) => [
      name,
      String(version),
      by,
      `+${formatDuration(elapsed(at))}`,
      texts.block(asText(value)),
    ]),
  )
}

function costOf({ view }: Page): Html | undefined {
  const sums = [...sumsOf(view)].sort(([, a], [, b]) => b.usd - a.usd || b.tokens - a.tokens)
  if (sums.length === 0) return undefined
  const note = view.rehearsal && html`<p class="note">A rehearsal: nothing of this was spent.</p>`
  const rows = sums.map(
    ([agent, { steps, milliseconds, tokens, usd }]) =>
      html`<tr data-row><td>${agent}</td><td class="n">${steps}</td><td class="n">${formatDuration(milliseconds)}</td><td class="n">${formatTokens(tokens)}</td><td class="n">${formatDollars(usd)}</td></tr>`,
  )
  return html`${note}<div class="wide"><table><thead><tr><th>agent</th><th class="n">times</th><th class="n">took</th><th class="n">tokens</th><th class="n">cost</th></tr></thead><tbody>${rows}</tbody></table></div>`
}

function decisionsOf({ view, elapsed }: Page): Html | undefined {
  const notes = [...view.notes, ...[...view.steps.values()].flatMap(step => step.notes)]
    .filter(note => note.type === 'decision' || note.type === 'alert')
    .sort((a, b) => a.at - b.at)
  if (notes.length === 0) return undefined
  const shown = notes.slice(0, DECISIONS)
  const rows = shown.map(note => [
    `+${formatDuration(elapsed(note.at))}`,
    note.key || 'run',
    html`${listOf(describeNote(note, view))}`,
  ])
  const more = notes.length - shown.length
  return html`${tableOf(['when', 'step', 'decision'], rows)}${more > 0 && html`<p class="note">… ${more} more stand at their steps</p>`}`
}

function tableOf(heads: readonly string[], rows: readonly (readonly (string | Html)[])[]): Html {
  const last = heads.length - 1
  const cell = (value: string | Html, index: number) =>
    html`<td${index === last && html` class="long"`}>${value}</td>`
  return html`<div class="wide"><table><thead><tr>${heads.map(head => html`<th>${head}</th>`)}</tr></thead><tbody>${rows.map(row => html`<tr data-row>${row.map(cell)}</tr>`)}</tbody></table></div>`
}
