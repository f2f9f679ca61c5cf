// Without the theme's fonts: the reader's own are as good, and nothing is loaded for them.
export { default } from "vitepress/theme-without-fonts";
