import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { withStore } from '../../src/commands/command.ts'
import { temporaryFolder } from '../helpers/runs.ts'

it('a store that is named with --db has to be there, except to begin a run', async () => {
  const db = join(temporaryFolder(), 'crew.db')
  const look = withStore({ db }, store => store.runs())
  await expect(look).rejects.toMatchObject({ code: 'usage', message: `there is no store ${db}` })
  expect(existsSync(db)).toBe(false)
  expect(await withStore({ db }, store => store.runs(), { mayCreate: true })).toEqual([])
  expect(await withStore({ db }, store => store.runs())).toEqual([])
})
