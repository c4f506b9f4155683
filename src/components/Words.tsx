/* Words of the server for people; a command among them, in backticks, can be copied. */
import { Clipboard } from '@jupyterlab/apputils';
import { copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { IconButton } from './buttons';

export function Words({ text, copyLabel }: { text: string; copyLabel: string }): React.JSX.Element {
  const pieces = text.split(/`([^`]+)`/);
  return (
    <>
      {pieces.map((piece, index) =>
        index % 2 ? (
          <span key={index} className="cdc-Command">
            <code>{piece}</code>
            {piece.includes(' ') && (
              <IconButton
                icon={copyIcon}
                label={`${copyLabel}: ${piece}`}
                onClick={() => Clipboard.copyToSystem(piece)}
              />
            )}
          </span>
        ) : (
          piece
        )
      )}
    </>
  );
}
