import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { commandLine, hiddenIn } from '../../src/tools/command-line.ts'

describe('a command line as a person sees it', () => {
  it.each([
    [['npm', 'test', '--workspace', 'a/b'], 'npm test --workspace a/b'],
    [['git', 'commit', '-m', 'two words'], "git commit -m 'two words'"],
    [['echo', ''], "echo ''"],
    [['echo', "it's"], String.raw`echo 'it'\''s'`],
    [['echo', '; rm -rf /', '$(id)', '`id`', '*'], "echo '; rm -rf /' '$(id)' '`id`' '*'"],
    [['echo', 'one\ntwo\tthree\r'], String.raw`echo $'one\ntwo\tthree\r'`],
    [['echo', "a'b\\c\n"], String.raw`echo $'a\'b\\c\n'`],
    [['echo', '\u001b[2J\u0007'], String.raw`echo $'\x1b[2J\x07'`],
    [['echo', 'café', '日本語'], "echo 'café' '日本語'"],
  ])('%j reads %s', (argv, line) => {
    expect(commandLine(argv)).toBe(line)
  })

  it.each([
    ['a bidirectional override', 'a\u202Egnp.exe', String.raw`$'a\u202egnp.exe'`],
    ['a zero-width space', 'pass\u200Bword', String.raw`$'pass\u200bword'`],
    ['a space that is none', 'a\u00A0b\u3000c', String.raw`$'a\u00a0b\u3000c'`],
    ['a blank letter', 'a\u3164b\u2800', String.raw`$'a\u3164b\u2800'`],
    ['a Cyrillic letter among Latin ones', 'p\u0430ypal.com', String.raw`$'p\u0430ypal.com'`],
    ['a full-width slash', 'a\uFF0Fb', String.raw`$'a\uff0fb'`],
    ['half a character', 'a\uD800', String.raw`$'a\ud800'`],
    ['a tag character', 'a\u{E0041}', String.raw`$'a\U000e0041'`],
  ])('shows %s as an escape', (_, word, shown) => {
    expect(commandLine(['echo', word])).toBe(`echo ${shown}`)
  })

  it('leaves words of one script alone, but not in the name of the program', () => {
    expect(commandLine(['cat', 'отчёт.txt'])).toBe("cat 'отчёт.txt'")
    expect(commandLine(['са', 'x'])).toBe(String.raw`$'\u0441\u0430' x`)
  })

  it('is what a shell would take apart into the same words', () => {
    const argv = [
      'a b',
      "it's",
      '$HOME',
      '`id`',
      '*',
      '\\',
      '"',
      'one\ntwo',
      '',
      '#',
      '~',
      '!x',
      '\u202E',
      '{a,b}',
    ]
    const line = commandLine(['printf', '%s\\0', ...argv])
    const written = execFileSync('bash', ['--norc', '-c', line], {
      encoding: 'utf8',
      env: { LC_ALL: 'C.UTF-8', PATH: process.env.PATH },
    })
    expect(written.split('\0').slice(0, -1)).toEqual(argv)
  })

  it('is cut in the middle when nobody would read it', () => {
    const line = commandLine(['echo', 'x'.repeat(100_000), 'the-end'])
    expect(line.length).toBeLessThan(8100)
    expect(line).toMatch(/^echo x+ … \d+ characters are not shown here … x+ the-end$/)
  })
})

describe('what a command line hides', () => {
  it.each([
    [['sh', '-c', 'rm -rf /'], ["It runs a shell script: 'rm -rf /'"]],
    [['/bin/bash', '-lc', 'id\nwhoami'], [String.raw`It runs a shell script: $'id\nwhoami'`]],
    [['bash', 'script.sh'], ['It starts the shell bash, which runs what it reads.']],
    [['python3', '-c', 'import os'], ["It runs code of python3: -c 'import os'"]],
    [['node', '--eval=1'], ['It runs code of node: --eval=1']],
    [['node', 'server.js'], []],
    [['npm', 'test'], []],
  ])('%j: %j', (argv, words) => {
    expect(hiddenIn(argv)).toEqual(words)
  })

  it.each([
    [['env', 'A=1', 'sh', '-c', 'id'], 'env'],
    [['sudo', '-u', 'root', 'bash', '-c', 'id'], 'sudo'],
    [['xargs', '-n1', 'sh', '-c', 'id'], 'xargs'],
    [['find', '.', '-exec', 'sh', '-c', 'id', ';'], 'find'],
    [['timeout', '5', 'zsh', '-c', 'id'], 'timeout'],
  ])('%j starts a shell through another program', (argv, starter) => {
    const [first, second] = hiddenIn(argv)
    expect(first).toBe(`${starter} can start other programs, which its arguments name.`)
    expect(second).toMatch(/^It runs a shell script: id/)
  })
})
