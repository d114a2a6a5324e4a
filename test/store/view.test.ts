import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { apply, copyOf, viewOf } from '../../src/store/view.ts'
import { HISTORIES, readGolden } from '../helpers/golden.ts'

it('a copy of a view goes its own way, and the view stays as it was', () => {
  for (const file of readdirSync(HISTORIES)) {
    const { events } = readGolden(join(HISTORIES, file))
    const middle = events.length >> 1
    const view = viewOf(events.slice(0, middle))
    const copy = copyOf(view)
    for (const event of events.slice(middle)) apply(copy, event)
    expect(copy).toEqual(viewOf(events))
    expect(view).toEqual(viewOf(events.slice(0, middle)))
  }
})
