/* What jsdom lacks and JupyterLab's packages ask for while they load. */

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

if ('MouseEvent' in globalThis && !('DragEvent' in globalThis)) {
  Object.assign(globalThis, { DragEvent: class DragEvent extends MouseEvent {} });
}
