/** Disposes what was added, last first; what was moved is the other's. */
export class CleanUps implements AsyncDisposable {
  #all: AsyncDisposable[] = [];

  add<T extends AsyncDisposable>(disposable: T): T {
    this.#all.push(disposable);
    return disposable;
  }

  move(): CleanUps {
    const owner = new CleanUps();
    owner.#all = this.#all;
    this.#all = [];
    return owner;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const disposable of this.#all.splice(0).reverse()) await disposable[Symbol.asyncDispose]();
  }
}
