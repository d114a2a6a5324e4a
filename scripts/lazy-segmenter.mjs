/** Takes the place of Intl.Segmenter in the build: loads its data when it is first used. */
export class LazySegmenter {
  #given
  #segmenter

  constructor(...given) {
    this.#given = given
  }

  segment(text) {
    this.#segmenter ??= new globalThis.Intl.Segmenter(...this.#given)
    return this.#segmenter.segment(text)
  }
}
