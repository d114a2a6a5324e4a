import { expect, it } from 'vitest'
import { findRun } from '../../src/store/find.ts'
import { began, history } from '../helpers/history.ts'
import { storeWith } from '../helpers/runs.ts'

it('a run is found by its id, the beginning of it, and by how many there were since', async () => {
  const store = await storeWith(history([0, began()]), 'ab12')
  for (const reference of ['ab12', 'ab', 'last', '-1'])
    expect(await findRun(store, reference)).toMatchObject({ id: 'ab12' })
})

it.each([
  ['', 'no run is named'],
  [' ', 'no run is named'],
  ['b', 'there is no run b'],
  ['-0', '-0 is no run: the last one is -1'],
  ['-2', 'there are fewer than 2 runs'],
  ['-99999999999999999999', 'there are fewer than 99999999999999999999 runs'],
])('"%s" is no run, however few there are', async (reference, message) => {
  const store = await storeWith(history([0, began()]), 'ab12')
  await expect(findRun(store, reference)).rejects.toMatchObject({ code: 'run-not-found', message })
})
