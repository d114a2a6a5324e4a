import { Command, Option } from 'commander'
import { CrewError } from '../errors.ts'
import type { Event } from '../store/events.ts'
import type { RunRow, Signal } from '../store/store.ts'
import { type CreateCommand, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly json?: boolean
  readonly outputOnly?: boolean
  readonly results?: boolean
  readonly board?: boolean
  readonly messages?: boolean
  readonly at?: number
}

export const show: CreateCommand = () =>
  new Command('show')
    .description('Show one run: how it is, what it cost, what it asks, what it gave')
    .argument('[run]', 'id, beginning of an id, last, -1, -2 …', 'last')
    .option('--json', 'one JSON document on stdout')
    .addOption(
      new Option('--output-only', 'the result and nothing else').conflicts([
        'json',
        'results',
        'board',
        'messages',
        'at',
      ]),
    )
    .addOption(
      new Option('--results', 'what each agent gave, however the run ended').conflicts(['board', 'messages']),
    )
    .addOption(new Option('--board', 'what stands on the board that the agents share').conflicts('messages'))
    .option('--messages', 'what the agents wrote to each other, and what became of it')
    .addOption(
      new Option(
        '--at <seq>',
        'as the run was after this event; its number is in: crew logs --json',
      ).argParser(readSeq),
    )
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew show 0k3f --output-only > article.md
  $ crew show last --board --at 120`,
    )
    .action(async (reference: string, options: Options) => {
      const { findRun } = await import('../store/find.ts')
      await withStore(options, async store => {
        const row = await findRun(store, reference)
        const events = await store.events(row.id)
        if (options.results || options.board || options.messages) await printListing(row, events, options)
        else if (options.at === undefined)
          await printPage(row, events, await store.signals(row.id, 0), options)
        else throw nothingAt(options.at)
      })
    })

async function printPage(
  row: RunRow,
  events: readonly Event[],
  given: readonly Signal[],
  options: Options,
): Promise<void> {
  const [{ systemClock }, { asText }, { documentOfRun, formatPage, recordOf }, { styleFor }, ui, text] =
    await Promise.all([
      import('../clock.ts'),
      import('../json.ts'),
      import('../ui/run-page.ts'),
      import('../ui/style.ts'),
      import('../ui/table.ts'),
      import('../ui/text.ts'),
    ])
  const { stdout } = process
  const clean = stdout.isTTY ? text.sanitize : String
  const page = () => ({ style: styleFor(stdout), width: ui.terminalWidth(stdout), clean, db: options.db })
  const record = recordOf(row, events, systemClock.now(), given)
  if (options.json) stdout.write(`${JSON.stringify(documentOfRun(record), null, 2)}\n`)
  else if (!options.outputOnly) stdout.write(`${formatPage(record, page())}\n`)
  else if (record.view.output !== undefined) stdout.write(`${clean(asText(record.view.output))}\n`)
  else throw noOutput(row)
}

/** One part of a run, as it is now or as it was after the event `at`. */
async function printListing(
  { id }: RunRow,
  events: readonly Event[],
  { results, board, json, at = Number.POSITIVE_INFINITY }: Options,
): Promise<void> {
  const part = results ? 'results' : board ? 'board' : 'messages'
  const [{ viewOf }, listing, { styleFor }, { terminalWidth }] = await Promise.all([
    import('../store/view.ts'),
    LISTINGS[part](),
    import('../ui/style.ts'),
    import('../ui/table.ts'),
  ])
  const { stdout, stderr } = process
  const view = viewOf(events.filter(({ seq }) => seq <= at))
  if (json) {
    stdout.write(`${JSON.stringify({ run: id, at: view.seq, [part]: listing.rows(view) }, null, 2)}\n`)
    return
  }
  const lines = listing.table(view, { style: styleFor(stdout), width: terminalWidth(stdout) })
  if (lines.length > 0) stdout.write(`${lines.join('\n')}\n`)
  else stderr.write(`${listing.none}\n`)
}

const LISTINGS = {
  results: async () => (await import('../ui/results.ts')).results,
  board: async () => (await import('../ui/board.ts')).board,
  messages: async () => (await import('../ui/messages.ts')).messages,
}

function readSeq(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new CrewError('usage', `--at ${text} is not the number of an event`, {
    hint: 'the events are numbered from 1; see them with: crew logs --json',
  })
}

function nothingAt(at: number): CrewError {
  return new CrewError('usage', '--at says when, and nothing says what is to be shown', {
    hint: `add --board, --results or --messages, like: crew show last --board --at ${at}`,
  })
}

function noOutput({ id, state }: { readonly id: string; readonly state: string }): CrewError {
  return new CrewError('usage', `run ${id} has no result: it is ${state}`, {
    hint: `see how it is with: crew show ${id}, and what it has so far with: crew show ${id} --results`,
  })
}
