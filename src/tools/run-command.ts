import * as z from 'zod'
import { parseDuration } from '../duration.ts'
import { type CommandMeans, planCommand, runCommandCall, TIME_TO_END } from './command.ts'
import { defineTool, type Tool } from './tool.ts'

const USUAL_TIMEOUT = 120_000
const LONGEST_TIMEOUT = 600_000
/** Characters, of all words together. */
const LONGEST_LINE = 256 * 1024
const LONGEST_INPUT = 1024 ** 2

const args = z.strictObject({
  argv: z
    .array(z.string())
    .min(1)
    .max(10_000)
    .refine(words => words.reduce((sum, word) => sum + word.length, 0) <= LONGEST_LINE, {
      message: 'a command line has at most 256 Ki characters; hand the data over in stdin',
    })
    .describe('The program and its arguments, each an element of its own. No shell reads them'),
  stdin: z.string().max(LONGEST_INPUT).optional().describe('What the program reads; nothing by default'),
  timeout: z
    .string()
    .max(20)
    .refine(text => (parseDuration(text) ?? Number.POSITIVE_INFINITY) <= LONGEST_TIMEOUT, {
      message: 'a time is written like 30s or 5m, and is at most 10m',
    })
    .optional()
    .describe('How long the program may take, like 30s or 5m; by default 2m, at most 10m'),
})

/** Runs any program that there is: the tool that needs a permission most. */
export function runCommand(means: CommandMeans): Tool {
  return defineTool({
    name: 'run_command',
    description:
      "Runs a program in the team's folder, without a shell: no pipes, no wildcards, no variables. Gives its exit code and up to 1 MiB of what it wrote.",
    effects: 'once',
    reach: 'executes',
    spelling: 'words',
    deadline: LONGEST_TIMEOUT + TIME_TO_END,
    args,
    plan: async call => planCommand(call),
    run: async ({ argv, stdin, timeout = USUAL_TIMEOUT }, setting) => {
      planCommand({ argv, stdin })
      const milliseconds = parseDuration(timeout) ?? USUAL_TIMEOUT
      return runCommandCall({ argv, stdin, timeout: milliseconds }, means, setting)
    },
  })
}
