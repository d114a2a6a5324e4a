import * as z from 'zod'
import { asText, type Json } from '../../json.ts'
import { defineTool, type Tool } from '../tool.ts'
import { anything, oneOf, type Part } from './part.ts'

export const boardName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'a name is letters, digits, - and _, and starts with a letter')
  .describe('Name of the value: letters, digits, - and _')

export function readBoard({ exchange: { board } }: Part): Tool {
  return defineTool({
    name: 'read_board',
    description:
      'Reads the board that all agents share: values by name, each with its version and its writer.',
    args: z.strictObject({
      name: z.string().optional().describe('Name of one value; all of them by default'),
    }),
    async run({ name }) {
      const { entries } = board.at(board.version)
      const wanted = Object.values(entries).filter(entry => name === undefined || entry.name === name)
      if (wanted.length === 0)
        return name === undefined ? 'The board is empty.' : `There is no ${name} on the board.`
      const shown = wanted.map(({ name, value, version, by }): [string, Json] => [
        name,
        { value, version, by },
      ])
      return Object.fromEntries(shown)
    },
  })
}

/** Writes those of `names`, or any when there are none. */
export function writeBoard({ agent, exchange: { board } }: Part, names?: readonly string[]): Tool {
  return defineTool({
    name: 'write_board',
    description: 'Writes a value to the board that all agents share.',
    args: z.strictObject({
      name: names ? oneOf(names, 'Name of the value') : boardName,
      value: anything('The value'),
      expected: z
        .int()
        .min(0)
        .optional()
        .describe(
          'The version that you have read, 0 for none: nothing is written when another agent wrote since. Without it, the value is replaced whatever it is',
        ),
    }),
    async run({ name, value, expected }, { ctx }) {
      const { key } = ctx
      const written = board.write(ctx, {
        name,
        value,
        by: agent,
        ...(expected !== undefined && { expected }),
      })
      if ('version' in written) return `Written: ${name} has version ${written.version} now.`
      const { refused } = written
      const reason = `${refused.by} wrote ${name} (version ${refused.version}) since ${agent} read it`
      const values = { name, by: refused.by, version: refused.version, expected: expected ?? null }
      ctx.emit({ type: 'decision', key, what: 'write-refused', reason, values })
      return `Not written: ${refused.by} wrote ${name} since you read it. It has version ${refused.version} and is now:\n${asText(refused.value)}\nWrite again what is right in view of that, with expected: ${refused.version}.`
    },
  })
}
