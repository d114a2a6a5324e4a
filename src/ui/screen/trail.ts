import type { View } from './view.ts'

/** The views that somebody went through, which Esc goes back through. `page`, and what is none of `views`, lies on top of another. */
export function createTrail(views: readonly View[], page: View | undefined, changed: () => void) {
  const [home] = views
  if (!home) throw new Error('there is nothing to look at')
  /** What is shown comes last. */
  let trail: readonly View[] = [home]
  const turnTo = (next: readonly View[]) => {
    trail = next
    changed()
  }
  return {
    home,
    get shown(): View {
      return trail.at(-1) ?? home
    },
    /** What is shown again after it. */
    get before(): View {
      return trail.at(-2) ?? home
    },
    show(next: View): void {
      const isOnTop = next === page || !views.includes(next)
      if (isOnTop && trail.includes(next)) return
      turnTo(isOnTop ? [...trail, next] : next === home ? [home] : [home, next])
    },
    /** False: there is nothing to go back to. */
    goBack(): boolean {
      if (trail.length === 1) return false
      turnTo(trail.slice(0, -1))
      return true
    },
  }
}
