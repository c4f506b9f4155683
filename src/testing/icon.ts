/* Stands for every SVG file in unit tests. */
export default '<svg xmlns="http://www.w3.org/2000/svg"></svg>';
