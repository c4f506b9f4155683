/* Our icons. The jp-icon classes let the theme colour them. */
import { LabIcon } from '@jupyterlab/ui-components';

const FRAME = 'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16"';

/** A cloud whose lower part is cut into slices. */
export const cockpitIcon = new LabIcon({
  name: 'cloud-data-cockpit:cockpit',
  svgstr: `<svg ${FRAME}><g class="jp-icon3" fill="#616161"><path d="M18.9 8.9A6.6 6.6 0 0 0 6.3 7.2 5 5 0 0 0 2 12.1c0 .7.1 1.3.4 1.9h19.2a4 4 0 0 0 .4-1.6 3.6 3.6 0 0 0-3.1-3.5z"/><rect x="3" y="16" width="5" height="5" rx="1"/><rect x="9.5" y="16" width="5" height="5" rx="1"/><rect x="16" y="16" width="5" height="5" rx="1"/></g></svg>`
});

export const bucketIcon = new LabIcon({
  name: 'cloud-data-cockpit:bucket',
  svgstr: `<svg ${FRAME}><path class="jp-icon3" fill="#616161" fill-rule="evenodd" d="M12 3C7.6 3 4 4.3 4 6v.4l1.9 12.4C6.1 20.1 8.8 21 12 21s5.9-.9 6.1-2.2L20 6.4V6c0-1.7-3.6-3-8-3zm0 1.8c3.6 0 5.8.9 6.2 1.2-.4.4-2.6 1.2-6.2 1.2S6.2 6.4 5.8 6c.4-.3 2.6-1.2 6.2-1.2z"/></svg>`
});

/** Layers within one frame: many objects that are one. */
export const dataSetIcon = new LabIcon({
  name: 'cloud-data-cockpit:data-set',
  svgstr: `<svg ${FRAME}><path class="jp-icon3" fill="#616161" d="M12 2.5 2.5 7.5l9.5 5 9.5-5-9.5-5zm-7.3 8.4-2.2 1.1 9.5 5 9.5-5-2.2-1.1-7.3 3.8-7.3-3.8zm0 4.5-2.2 1.1 9.5 5 9.5-5-2.2-1.1-7.3 3.8-7.3-3.8z"/></svg>`
});

export const sliceIcon = new LabIcon({
  name: 'cloud-data-cockpit:slice',
  svgstr: `<svg ${FRAME}><g class="jp-icon3" fill="#616161"><rect x="3" y="4" width="18" height="4.5" rx="1"/><rect x="3" y="10" width="18" height="4" rx="1"/><rect x="3" y="15.5" width="18" height="4.5" rx="1"/></g></svg>`
});

const STAR = 'M12 2.6l2.8 6 6.5.8-4.8 4.5 1.3 6.5-5.8-3.2-5.8 3.2 1.3-6.5L2.7 9.4l6.5-.8z';

export const starIcon = new LabIcon({
  name: 'cloud-data-cockpit:star',
  svgstr: `<svg ${FRAME}><path class="jp-icon3" fill="#616161" d="${STAR}"/></svg>`
});

/** Its outline alone: not pinned. */
export const starOutlineIcon = new LabIcon({
  name: 'cloud-data-cockpit:star-outline',
  svgstr: `<svg ${FRAME}><path class="jp-icon3" fill="#616161" fill-rule="evenodd" d="${STAR}M12 6.9l-1.6 3.5-3.7.5 2.7 2.6-.7 3.7 3.3-1.8 3.3 1.8-.7-3.7 2.7-2.6-3.7-.5z"/></svg>`
});

/** Branches that are one line: all keys in one list. */
export const flatIcon = new LabIcon({
  name: 'cloud-data-cockpit:flat',
  svgstr: `<svg ${FRAME}><g class="jp-icon3" fill="#616161"><rect x="4" y="5" width="16" height="2"/><rect x="4" y="9" width="16" height="2"/><rect x="4" y="13" width="16" height="2"/><rect x="4" y="17" width="16" height="2"/></g></svg>`
});

export const pauseIcon = new LabIcon({
  name: 'cloud-data-cockpit:pause',
  svgstr: `<svg ${FRAME}><g class="jp-icon3" fill="#616161"><rect x="6" y="5" width="4" height="14"/><rect x="14" y="5" width="4" height="14"/></g></svg>`
});

export const copyObjectIcon = new LabIcon({
  name: 'cloud-data-cockpit:copy-object',
  svgstr: `<svg ${FRAME}><path class="jp-icon3" fill="#616161" d="M16 1H5a2 2 0 0 0-2 2v13h2V3h11V1zm3 4H9a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V7a2 2 0 0 0-2-2zm0 16H9V7h10v14z"/></svg>`
});

/** An object on its way to another place. */
export const moveObjectIcon = new LabIcon({
  name: 'cloud-data-cockpit:move-object',
  svgstr: `<svg ${FRAME}><path class="jp-icon3" fill="#616161" d="M3 4h7v2H5v12h5v2H3V4zm12.5 3.5L21 12l-5.5 4.5v-3H8v-3h7.5v-3z"/></svg>`
});

/** What an object says of itself. */
export const propertiesIcon = new LabIcon({
  name: 'cloud-data-cockpit:properties',
  svgstr: `<svg ${FRAME}><path class="jp-icon3" fill="#616161" fill-rule="evenodd" d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 1.8a7.2 7.2 0 1 1 0 14.4 7.2 7.2 0 0 1 0-14.4zM11 7h2v2h-2V7zm0 3.6h2V17h-2v-6.4z"/></svg>`
});

/** Bars of which one is the highest: which is the fastest? */
export const benchmarkIcon = new LabIcon({
  name: 'cloud-data-cockpit:benchmark',
  svgstr: `<svg ${FRAME}><g class="jp-icon3" fill="#616161"><rect x="4" y="13" width="3.5" height="7"/><rect x="10.2" y="4" width="3.5" height="16"/><rect x="16.5" y="9" width="3.5" height="11"/></g></svg>`
});

/** Marks along a text: where the pieces of an object lie. */
export const indexIcon = new LabIcon({
  name: 'cloud-data-cockpit:index',
  svgstr: `<svg ${FRAME}><g class="jp-icon3" fill="#616161"><rect x="9" y="5" width="11" height="2"/><rect x="9" y="11" width="11" height="2"/><rect x="9" y="17" width="11" height="2"/><circle cx="5.2" cy="6" r="1.7"/><circle cx="5.2" cy="12" r="1.7"/><circle cx="5.2" cy="18" r="1.7"/></g></svg>`
});

/** A list of which each line is under way: the jobs. */
export const jobsIcon = new LabIcon({
  name: 'cloud-data-cockpit:jobs',
  svgstr: `<svg ${FRAME}><g class="jp-icon3" fill="#616161"><rect x="4" y="4" width="16" height="2"/><path d="M4 9h16v3H4zm1 1v1h9v-1zM4 15h16v3H4zm1 1v1h5v-1z" fill-rule="evenodd"/></g></svg>`
});
