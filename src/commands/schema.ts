import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { CrewError } from '../errors.ts'
import type { CreateCommand } from './command.ts'

export const schema: CreateCommand = () =>
  new Command('schema')
    .description('Print the JSON Schema of team files, for editors')
    .option('-o, --output <file>', 'write it to a file instead of stdout')
    .addHelpText(
      'after',
      `
Examples:
  $ crew schema --output team.schema.json
  $ crew schema | jq .properties.pattern`,
    )
    .action(async ({ output }: { readonly output?: string }) => {
      const { teamJsonSchema } = await import('../team/json-schema.ts')
      const text = `${JSON.stringify(teamJsonSchema(), null, 2)}\n`
      if (output === undefined) process.stdout.write(text)
      else await writeFile(output, text).catch(cause => cannotWrite(output, cause))
    })

function cannotWrite(file: string, cause: Error): never {
  throw new CrewError('usage', `the schema cannot be written to ${file}: ${cause.message}`, {
    hint: 'name a file in a folder that exists and that you may write to',
    cause,
  })
}
