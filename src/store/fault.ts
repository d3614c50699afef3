/** A write or read that could not be carried out, and nothing of it was. Thrown, never part of a value. */
export class StoreFault extends Error {
  override readonly name: string = 'StoreFault';
}

/**
 * More is waiting to be stored than the bound allows. Nothing of the write was begun; the peer should come again later
 * (451 / 452). It is refused at once and not kept waiting, because the bytes that wait are what has to be bounded.
 */
export class StoreOverloaded extends StoreFault {
  override readonly name = 'StoreOverloaded';
}

/** The disk has no room for the write, of which nothing is there. The peer should come again later (452). */
export class StoreFull extends StoreFault {
  override readonly name = 'StoreFull';
}

/** The store was closed, or its thread has ended. What was under way may or may not be on disk. */
export class StoreClosed extends StoreFault {
  override readonly name = 'StoreClosed';
}
