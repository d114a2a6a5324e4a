/** Bytes on their way from a socket to the one who reads them. A reader that leaves early `drop`s the rest. */
export class ByteStream implements AsyncIterable<Uint8Array> {
  readonly #drop: () => void
  readonly #pieces: Uint8Array[] = []
  #ended = false
  #failure: unknown
  #wake = () => {}

  constructor(drop: () => void) {
    this.#drop = drop
  }

  push(bytes: Uint8Array): void {
    this.#pieces.push(bytes)
    this.#wake()
  }

  end(failure?: unknown): void {
    this.#ended = true
    this.#failure = failure
    this.#wake()
  }

  async text(): Promise<string> {
    const pieces: Uint8Array[] = []
    for await (const bytes of this) pieces.push(bytes)
    return Buffer.concat(pieces).toString()
  }

  async *[Symbol.asyncIterator]() {
    try {
      for (;;) {
        // A failure does not wait until what came before it is read.
        if (this.#failure !== undefined) throw this.#failure
        const bytes = this.#pieces.shift()
        if (bytes) yield bytes
        else if (this.#ended) return
        else
          await new Promise<void>(resolve => {
            this.#wake = resolve
          })
      }
    } finally {
      if (!this.#ended) this.#drop()
    }
  }
}
