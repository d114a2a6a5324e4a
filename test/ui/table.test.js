import { expect, it } from 'vitest'
import { formatTable, pad } from '../../src/ui/table.ts'

const rows = [
  ['id', 'name', 'n'],
  ['1', 'a name that is rather long', '7'],
  ['22', '日本\u001b[31m\n語', '1,234'],
]
const columns = [{}, { shrinks: true }, { align: 'right' }]
it('aligns columns by what a terminal shows, and obeys nothing in them', () => {
  expect(formatTable(columns, rows, 80)).toEqual([
    'id  name                            n',
    '1   a name that is rather long      7',
    '22  日本 語                     1,234',
  ])
})
it('cuts the column that shrinks, with an ellipsis, and no other', () => {
  expect(formatTable(columns, rows, 20)).toEqual([
    'id  name           n',
    '1   a name t…      7',
    '22  日本 語    1,234',
  ])
  expect(formatTable(columns, rows, 5)).toEqual(['id  name      n', '1   a n…      7', '22  日…   1,234'])
})
it('paints a cell after it is cut and padded, so that colours take no room', () => {
  const paint = text => `<${text}>`
  expect(
    formatTable(
      [{}, {}],
      [
        [{ text: 'a', paint }, 'x'],
        ['bbb', 'y'],
      ],
      80,
    ),
  ).toEqual(['<a  >  x', 'bbb  y'])
})
it('pads to the left, to the right or not at all', () => {
  expect([pad('a', 3), pad('a', 3, 'right'), pad('a', 3, 'none'), pad('abcd', 3)]).toEqual([
    'a  ',
    '  a',
    'a',
    'ab…',
  ])
})
