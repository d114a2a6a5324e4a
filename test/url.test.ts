import { describe, expect, it } from 'vitest'
import { parseUrl } from '../src/url.ts'

describe('an address', () => {
  it('is still one with letters beyond ASCII once many have been read', () => {
    for (let count = 0; count < 200_000; count += 1) parseUrl('https://example.com/a')
    expect(parseUrl('https://bücher.example')?.href).toBe('https://xn--bcher-kva.example/')
  })

  it('may be relative to another, and is none when it cannot be read', () => {
    expect(parseUrl('../b', new URL('https://example.com/a/c'))?.href).toBe('https://example.com/b')
    expect(parseUrl('nothing')).toBeUndefined()
    expect(parseUrl('http://[')).toBeUndefined()
  })
})
