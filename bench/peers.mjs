/**
 * Who is measured. `strongest` says what its acknowledgement means where durability is asked for: `disk` survives a loss of
 * power, `os` the death of the process, `memory` nothing. `means` and `relaxedMeans` say how that is asked for. A module in
 * peers/ opens each, in the Node that is named by `node`, or in the one that runs this.
 */
import { sqliteNode } from "./sqlite-node.mjs";

export const peers = [
  {
    name: "raw",
    title: "raw loop",
    module: "raw",
    strongest: "disk",
    means: "one write and one fdatasync of a file that is written over",
    relaxedMeans: "one write",
  },
  {
    name: "walkabout",
    title: "walkabout",
    module: "walkabout",
    settings: { blocking: false },
    strongest: "disk",
    means: "written and flushed",
    relaxedMeans: 'written (durability: "relaxed")',
  },
  {
    name: "walkabout-blocking",
    title: "walkabout, blocking",
    module: "walkabout",
    settings: { blocking: true },
    strongest: "disk",
    means: "written and flushed, with blocking: true",
    relaxedMeans: 'written (durability: "relaxed"), with blocking: true',
  },
  {
    name: "better-sqlite3",
    title: "better-sqlite3",
    package: "better-sqlite3",
    module: "sqlite",
    settings: { binding: "better-sqlite3" },
    strongest: "disk",
    means: "committed, WAL, synchronous=FULL",
    relaxedMeans: "committed, WAL, synchronous=NORMAL",
  },
  {
    name: "node:sqlite",
    title: "node:sqlite",
    node: sqliteNode,
    module: "sqlite",
    settings: { binding: "node:sqlite" },
    strongest: "disk",
    means: "committed, WAL, synchronous=FULL",
    relaxedMeans: "committed, WAL, synchronous=NORMAL",
  },
  {
    name: "classic-level",
    title: "classic-level",
    package: "classic-level",
    module: "level",
    strongest: "disk",
    means: "put or batch with sync: true",
    relaxedMeans: "put or batch",
  },
  {
    name: "lmdb",
    title: "lmdb",
    package: "lmdb",
    module: "lmdb",
    strongest: "disk",
    means: "put or transaction, then flushed",
    relaxedMeans: "put or transaction: visible, not flushed yet",
  },
  {
    name: "hypercore",
    title: "hypercore",
    package: "hypercore",
    module: "hypercore",
    strongest: "os",
    means: "append; nothing stronger is offered",
    relaxedMeans: "append",
    /** Too slow for as many records as the others: it gets a part of them, and counts by its rate. */
    share: 0.05,
  },
  {
    name: "rocksdb-native",
    title: "rocksdb-native",
    package: "rocksdb-native",
    module: "rocksdb",
    strongest: "os",
    means: "a batch; nothing stronger is offered",
    relaxedMeans: "a batch",
  },
  {
    name: "async-append-only-log",
    title: "async-append-only-log",
    package: "async-append-only-log",
    module: "async-append-only-log",
    strongest: "disk",
    means: "append, then onDrain",
    relaxedMeans: "append: in memory, not written yet",
  },
];

export const isOurs = (name) => name.startsWith("walkabout");
export const peerNamed = (name) => peers.find((peer) => peer.name === name);
export const titleOf = (name) => peerNamed(name)?.title ?? name;
