'use strict';
// What was asked of the platform, in order; bounded, the oldest go first.

const ENTRIES_MAX = 20_000;

class Journal {
  constructor() {
    this.entries = [];
    this.next = 0;
    this.counts = {};
  }

  note(kind, more) {
    this.entries.push({ number: this.next, kind, ...more });
    this.next += 1;
    if (this.entries.length > ENTRIES_MAX) this.entries.shift();
    const name = more.name === undefined ? kind : `${kind} ${more.name}`;
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  since(number) {
    return { entries: this.entries.filter((entry) => entry.number >= number), next: this.next };
  }
}

module.exports = { Journal };
