// One file each of script and style with fixed names: the server makes their ETag from their content. Nothing is loaded from elsewhere.
import { defineConfig } from "vite";
import { svelte } from "@sveltejs/vite-plugin-svelte";

export default defineConfig({
  // A region that scrolls must be reachable by keyboard (axe: scrollable-region-focusable), which the compiler takes for a mistake.
  plugins: [svelte({ onwarn: (warning, tell) => warning.code === "a11y_no_noninteractive_tabindex" || tell(warning) })],
  build: {
    outDir: "../src/console/page",
    emptyOutDir: true,
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: { output: { entryFileNames: "app.js", assetFileNames: "app[extname]", codeSplitting: false } },
  },
});
