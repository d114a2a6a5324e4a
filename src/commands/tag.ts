import { Command } from 'commander'
import { CrewError } from '../errors.ts'
import { type CreateCommand, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly remove?: boolean
  readonly json?: boolean
}

export const tag: CreateCommand = () =>
  new Command('tag')
    .description('Give a run tags, which keep it when crew gc removes others; without a run: list all tags')
    .argument('[run]', 'id, beginning of an id, last, -1, -2 …')
    .argument('[tags...]', 'words like release or bug-17')
    .option('--remove', 'take these tags from it; without any, all that it has')
    .option('--json', 'one JSON document on stdout: runs with their tags')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew tag last release
  $ crew tag last --remove
  $ crew tag`,
    )
    .action(async (reference: string | undefined, tags: readonly string[], options: Options) => {
      const bad = tags.find(tag => !/^[\p{L}\p{N}][\p{L}\p{N}._:-]{0,63}$/u.test(tag))
      if (bad !== undefined)
        throw new CrewError('usage', `"${bad}" is no tag`, {
          hint: 'use letters, digits and . _ : - , up to 64 of them',
        })
      const { findRun } = await import('../store/find.ts')
      await withStore(options, async store => {
        const run = reference === undefined ? undefined : await findRun(store, reference)
        if (run && options.remove) {
          const known = (await store.tags.all(run.id)).get(run.id) ?? []
          await store.tags.remove(run.id, tags.length > 0 ? tags : known)
        } else if (run) await store.tags.add(run.id, tags)
        const all = await store.tags.all(run?.id)
        if (options.json) {
          const rows = [...all].map(([run, tags]) => ({ run, tags }))
          process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
        } else if (all.size > 0)
          process.stdout.write([...all].map(([id, tags]) => `${id}  ${tags.join(' ')}\n`).join(''))
        else process.stderr.write(run ? `run ${run.id} has no tags\n` : 'no run has a tag\n')
      })
    })
