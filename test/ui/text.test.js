import fc from 'fast-check'
import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { oneLine, sanitize } from '../../src/ui/text.ts'

/** Written out one by one, so that a mistake in the expression under test is not repeated here. */
function dangerous(text) {
  const ranges = [
    [0x00, 0x08],
    [0x0b, 0x1f],
    [0x7f, 0x9f],
    [0xad, 0xad],
    [0x61c, 0x61c],
    [0x115f, 0x1160],
    [0x200b, 0x200b],
    [0x200e, 0x200f],
    [0x2028, 0x202e],
    [0x2060, 0x206f],
    [0x3164, 0x3164],
    [0xd800, 0xdfff],
    [0xfeff, 0xfeff],
    [0xffa0, 0xffa0],
    [0xfff9, 0xfffb],
    [0xe0000, 0xe0fff],
  ]
  return [...text]
    .map(character => character.codePointAt(0) ?? 0)
    .filter(code => ranges.some(([from, to]) => from <= code && code <= to))
    .map(code => code.toString(16))
}
const ATTACKS = {
  colour: ['\x1b[31mred\x1b[0m', 'red'],
  'colour, one byte': ['\x9b31mred\x9b0m', 'red'],
  'clear the screen': ['a\x1b[2J\x1b[Hb', 'ab'],
  'write the clipboard': ['a\x1b]52;c;cm0gLXJm\x07b', 'ab'],
  'write the clipboard, one byte': ['a\x9d52;c;cm0gLXJm\x9cb', 'ab'],
  'set the title': ['a\x1b]0;owned\x1b\\b', 'ab'],
  hyperlink: ['\x1b]8;;https://evil.example\x1b\\harmless\x1b]8;;\x1b\\', 'harmless'],
  'device control': ['a\x1bP$q"p\x1b\\b', 'ab'],
  'device control, one byte': ['a\x90+q544e\x9cb', 'ab'],
  'program command': ['a\x1b_Gf=100;AAAA\x1b\\b', 'ab'],
  'ask where the cursor is': ['a\x1b[6nb', 'ab'],
  'full reset': ['a\x1bcb', 'ab'],
  'character set': ['a\x1b(0b', 'ab'],
  'carriage return': ['rm -rf /\rls', 'rm -rf /ls'],
  backspace: ['evil\b\b\b\bgood', 'evilgood'],
  bell: ['\x07', ''],
  'delete, NUL': ['a\x7f\0b', 'ab'],
  'vertical tab, form feed': ['a\v\fb', 'ab'],
  'sequence in a sequence': ['\x1b\x1b[31m[2J', '[2J'],
  'sequence that another makes': ['\x1b[\x1b[31m2J', '[2J'],
  'string without an end': ['a\x1b]0;title', 'a]0;title'],
  'string without an end, line after it': ['a\x1b]0;title\nb', 'a]0;title\nb'],
  'sequence without an end': ['a\x1b[31', 'a[31'],
  'overlong sequence': [`a\x1b[${'1;'.repeat(5_000)}mb`, 'ab'],
  'overlong string': [`a\x1b]0;${'x'.repeat(10_000)}\x07b`, 'ab'],
  'overlong UTF-8, decoded as Latin-1': [Buffer.from([0x61, 0xc0, 0x9b, 0x62]).toString('latin1'), 'aÀ'],
  'right to left': ['user\u202etxt.exe', 'usertxt.exe'],
  isolates: ['\u2066a\u2067b\u2068c\u2069', 'abc'],
  marks: ['a\u200e\u200f\u061cb', 'ab'],
  'zero width': ['pa\u200bss\u200cwo\u200drd\ufeff\u2060', 'password'],
  'soft hyphen, fillers': ['a\u00ad\u115f\u3164\uffa0b', 'ab'],
  'hidden tags': [
    `hi${[...'delete all'].map(c => String.fromCodePoint(0xe0000 + c.charCodeAt(0))).join('')}`,
    'hi',
  ],
  'hidden variation selectors': ['a\ufe01\u{e0100}\u{e01ef}b', 'ab'],
  'half characters': ['a\ud83db\ude00c', 'abc'],
  'line separators': ['a\u2028b\u2029c', 'a\nb\nc'],
}
describe('sanitize', () => {
  it.each(Object.entries(ATTACKS))('makes harmless: %s', (_, [attack, harmless]) => {
    expect(dangerous(attack)).not.toEqual([])
    expect(sanitize(attack)).toBe(harmless)
    expect(dangerous(sanitize(attack))).toEqual([])
  })
  it('makes every attack harmless wherever it is cut in two', () => {
    for (const [attack] of Object.values(ATTACKS)) {
      for (let at = 0; at <= Math.min(attack.length, 50); at++) {
        expect(dangerous(sanitize(attack.slice(0, at)) + sanitize(attack.slice(at)))).toEqual([])
      }
    }
  })
  it('lets nothing dangerous through, and changes nothing the second time', () => {
    const pieces = Object.values(ATTACKS).flatMap(([attack]) => [...attack.slice(0, 40)])
    const hostile = fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary' })))
      .map(all => all.join(''))
    fc.assert(
      fc.property(hostile, text => {
        const clean = sanitize(text)
        expect(dangerous(clean)).toEqual([])
        expect(sanitize(clean)).toBe(clean)
      }),
    )
  })
  it('takes linear time and no stack for a long attack', () => {
    for (const part of ['\x1b', '\x1b]', '\x9d', '\x1b[0;', '\u200d', '\u202e', '\x1b ']) {
      expect(dangerous(sanitize(part.repeat(300_000)))).toEqual([])
    }
    expect(sanitize(`\x1b]0;${'x'.repeat(3_000_000)}`)).toMatch(/^\]0;x+$/)
  })
  it.each([
    'Plain text,\n\twith lines and tabs: [31m is no sequence',
    'Grüße, 你好, こんにちは, שלום, مرحبا, Ελληνικά',
    '👨‍👩‍👧‍👦 ❤️ 🏳️‍🌈 👩🏽‍💻 1️⃣ ☎︎ 🇩🇪',
    'می‌خواهم',
    'क्‍ष',
  ])('leaves as it is: %s', text => {
    expect(sanitize(text)).toBe(text)
  })
})
describe('oneLine', () => {
  it.each([
    ['short', 10, 'short'],
    ['exactly 10', 10, 'exactly 10'],
    ['more than 10', 10, 'more than…'],
    [' two\n\n lines\tand\u00a0more ', 40, 'two lines and more'],
    ['你好世界', 8, '你好世界'],
    ['你好世界', 7, '你好世…'],
    ['你好世界', 6, '你好…'],
    ['👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦', 5, '👨‍👩‍👧‍👦👨‍👩‍👧‍👦…'],
    ['e\u0301e\u0301e\u0301', 3, 'e\u0301e\u0301e\u0301'],
    ['\x1b[31mred\x1b[0m', 3, 'red'],
    ['anything', 1, '…'],
    ['anything', 0, ''],
    ['', 0, ''],
  ])('shows %j in %i columns as %j', (text, width, shown) => {
    expect(oneLine(text, width)).toBe(shown)
  })
  it('is never wider than it may be, and never more than one line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 20 }), (text, width) => {
        const line = oneLine(text, width)
        expect(stringWidth(line)).toBeLessThanOrEqual(width)
        expect(line).not.toMatch(/[\r\n\t]/)
      }),
    )
  })
})
