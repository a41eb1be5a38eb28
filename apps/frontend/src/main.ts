// The page's entry: the theme, the stream, and the one element in index.html.
import { follow } from "./state/stream.ts";
import { applyTheme } from "./state/preferences.ts";
import { store } from "./state/store.ts";
import "./shell/page.ts";

applyTheme();
follow(store);
