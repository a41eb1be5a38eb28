// The base of the dialogs that give an order: one sheet, one request at a time, the problem in words.
import { property, query, state } from "lit/decorators.js";
import { order, type Order } from "../api/client.ts";
import { PageElement } from "../elements/page-element.ts";
import type { Sheet } from "../elements/sheet.ts";

export class ActDialog extends PageElement {
  @property({ attribute: false }) services: readonly string[] = [];
  @state() protected busy = false;
  @state() protected problem = "";
  @query("sre-sheet") protected sheet!: Sheet;

  /** Open it; it changes nothing by itself. */
  show(): void {
    this.problem = "";
    void this.updateComplete.then(() => this.sheet.show());
  }

  /** Give the order; close and say what was recorded, or show why not. */
  protected async give(body: Order): Promise<void> {
    this.busy = true;
    const answer = await order(body);
    this.busy = false;
    if (!answer.ok) {
      this.problem = answer.problem.detail || answer.problem.title;
      return;
    }
    this.sheet.close();
    this.wish({ what: "notice", text: answer.value.text });
  }
}
