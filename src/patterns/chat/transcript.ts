import type { TeamContext } from '../../coordination/ask.ts'
import { pathOf } from '../../coordination/ask-for.ts'
import { normalized, quoted } from '../../coordination/sameness.ts'
import type { Json } from '../../json.ts'

/** Something that was said. */
export type Line = { readonly speaker: string; readonly text: string }

/** A conversation as one who takes part is told it: the last lines in full, what was before in short. */
export class Transcript {
  readonly lines: Line[] = []
  private readonly window: number
  private readonly summarizer: string | undefined
  private summary = ''
  /** How many lines are not told in full any more. */
  private left = 0

  constructor(window: number, summarizer: string | undefined) {
    this.window = window
    this.summarizer = summarizer
  }

  add(line: Line): void {
    this.lines.push(line)
  }

  /** What is told at this moment; nothing at the very beginning. */
  get told(): string {
    const recent = inWords(this.lines.slice(this.left))
    if (this.left === 0) return recent
    const gone = this.left === 1 ? 'The first message is' : `The first ${this.left} messages are`
    const before = this.summary === '' ? `${gone} left out here.` : `${gone} summarised: ${this.summary}`
    return `${before}\n\n${recent}`
  }

  /**
   * Keeps what is told in bounds: leaves out all but the last lines, or has them summarised in the step
   * `compaction-TURN`. A summary is made when as many lines have come together as stay, and not after every line.
   */
  async compact(team: TeamContext, turn: number): Promise<void> {
    const { lines, window, summarizer, left } = this
    const gone = lines.length - window
    if (gone <= left || (summarizer !== undefined && gone < left + window)) return
    const leaving = lines.slice(left, gone)
    const key = `compaction-${turn}`
    if (summarizer !== undefined) this.summary = await this.summarize(team, key, summarizer, leaving)
    this.left = gone
    const how = summarizer === undefined ? 'left out' : `summarised by ${summarizer}`
    team.ctx.emit({
      type: 'decision',
      key: pathOf(team, summarizer === undefined ? `turn-${turn}` : key),
      what: 'compaction',
      reason: `${gone} of ${lines.length} messages are ${how}; the last ${window} stay`,
      values: { messages: lines.length, kept: window, gone, now: leaving.length },
    })
  }

  private async summarize(
    team: TeamContext,
    key: string,
    summarizer: string,
    leaving: readonly Line[],
  ): Promise<string> {
    const progress = [this.summary, inWords(leaving)].filter(Boolean).join('\n\n')
    const current =
      'Summarise this conversation so far in a few sentences: what was agreed, what is open, who wants what.'
    const packet = { task: team.task, progress, current }
    return asLine(await team.ask(summarizer, { key: `${key}/${summarizer}`, packet }))
  }
}

export function inWords(lines: readonly Line[]): string {
  return lines.map(({ speaker, text }) => `${speaker}:\n${text}`).join('\n\n')
}

/** What somebody says, as text. */
export function asLine(output: Json): string {
  return typeof output === 'string' ? output.trim() : JSON.stringify(output)
}

const TOO_OFTEN = 3

/** How a conversation among `members` has begun to repeat itself, if so. */
export function repetitionIn(lines: readonly Line[], members: number): string | undefined {
  const last = lines.at(-1)
  if (!last) return undefined
  const turns = lines.flatMap((line, index) => (isSame(line, last) ? index + 1 : []))
  if (turns.length >= TOO_OFTEN)
    return `${last.speaker} says the same for the third time, in the turns ${turns.join(', ')}: ${quoted(last.text)}`
  const round = lines.slice(-members)
  const before = lines.slice(-2 * members, -members)
  const isRepeated = members > 1 && round.every((line, index) => isSame(line, before[index]))
  if (!isRepeated) return undefined
  const said = round.map(({ speaker, text }) => `${speaker} ${quoted(text)}`).join(', ')
  return `the last ${members} messages are the same as those before them: ${said}`
}

function isSame(one: Line, other: Line | undefined): boolean {
  return one.speaker === other?.speaker && normalized(one.text) === normalized(other.text)
}
