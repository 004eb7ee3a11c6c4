/**
 * A storage that dies under whoever uses it, as one in a worker does: what is under way and whatever comes later fails with
 * `UNAVAILABLE`, the locks are free as soon as what was under way is done, and places can be opened anew.
 */
import { WalError } from "../../src/errors.ts";
import type { Eventually, Place, Storage, StoredFile } from "../../src/storage.ts";
import { whenThere } from "./when-there.ts";

interface Life {
  isOver: boolean;
  readonly places: Set<Place>;
  readonly underWay: Set<Promise<unknown>>;
  readonly over: () => void;
  readonly pass: Passage;
}

type Passage = <T>(work: () => Eventually<T>) => Eventually<T>;

export class Mortal {
  #life = this.#begun();
  /** Why no place can be opened at the moment. */
  refusal: string | undefined;
  /** Asked before each operation whether it is the last one, which is not done any more. */
  isLast = (): boolean => false;
  deaths = 0;

  /** Several may be given: they die together. */
  storage(inner: Storage): Storage {
    return {
      ...inner,
      open: (path, how) => {
        if (this.refusal !== undefined) throw gone(this.refusal);
        const life = this.#life;
        const opened = (place: Place | undefined): Place | undefined => {
          if (place === undefined) return undefined;
          if (how.mode === "write") life.places.add(place);
          return mortalPlace(place, life);
        };
        return life.pass(() => whenThere(inner.open(path, how), opened));
      },
    };
  }

  die(): void {
    const life = this.#life;
    this.#life = this.#begun();
    this.deaths++;
    life.isOver = true;
    life.over();
    if (life.underWay.size === 0) letGo(life);
    else void Promise.all(life.underWay).then(() => letGo(life));
  }

  #begun(): Life {
    let over!: () => void;
    const end = new Promise<never>((_, reject) => (over = () => reject(gone("the worker has died"))));
    end.catch(() => undefined);
    const life: Life = {
      isOver: false,
      places: new Set(),
      underWay: new Set(),
      over,
      pass: (work) => {
        if (!life.isOver && this.isLast()) this.die();
        if (life.isOver) throw gone("the worker has died");
        const result = work();
        if (!(result instanceof Promise)) return result;
        const done: Promise<unknown> = result.then(
          () => life.underWay.delete(done),
          () => life.underWay.delete(done),
        );
        life.underWay.add(done);
        return Promise.race([result, end]);
      },
    };
    return life;
  }
}

/** Of all locks. A machine that has crashed has none. */
function letGo({ places }: Life): void {
  for (const place of places) void (async () => place.close())().catch(() => undefined);
}

function gone(reason: string): WalError {
  return new WalError("UNAVAILABLE", `${reason}: open the log again`);
}

function mortalPlace(place: Place, life: Life): Place {
  const file = (opened: StoredFile): StoredFile => mortalFile(opened, life);
  return {
    list: () => life.pass(() => place.list()),
    open: (name) => life.pass(() => whenThere(place.open(name), file)),
    create: (name) => life.pass(() => whenThere(place.create(name), file)),
    remove: (name, how) => life.pass(() => place.remove(name, how)),
    close: () =>
      life.pass(() => {
        life.places.delete(place);
        return place.close();
      }),
  };
}

function mortalFile(file: StoredFile, life: Life): StoredFile {
  return {
    size: () => life.pass(() => file.size()),
    read: (target, position) => life.pass(() => file.read(target, position)),
    write: (source, position) => life.pass(() => file.write(source, position)),
    truncate: (size) => life.pass(() => file.truncate(size)),
    flush: () => life.pass(() => file.flush()),
    close: () => life.pass(() => file.close()),
  };
}
