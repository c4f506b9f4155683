// Lint rules; the import rules hold the layers index -> panel -> sections -> models -> api.
import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** A rule that forbids imports whose path matches one of `groups`. */
const forbid = (message, ...groups) => ({
  'no-restricted-imports': ['error', { patterns: groups.map(group => ({ group: [group], message })) }]
});

export default tseslint.config(
  {
    ignores: [
      'lib/**',
      'node_modules/**',
      'cloud_data_cockpit/**',
      'src/api/schema.ts',
      'ui-tests/test-results/**',
      'build/**',
      'dist/**',
      'docs/**',
      '.venv*/**'
    ]
  },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      'no-console': 'error',
      curly: 'error',
      eqeqeq: 'error',
      'prefer-arrow-callback': 'error'
    }
  },
  {
    files: ['src/api/**'],
    ignores: ['**/*.test.ts'],
    rules: forbid(
      'api knows only the server.',
      '../models*',
      '../sections*',
      '../components*',
      '../panel*',
      '../index*'
    )
  },
  {
    files: ['src/models/**'],
    ignores: ['**/*.test.ts'],
    rules: forbid(
      'models hold state: no DOM, no React, no view.',
      'react*',
      '@jupyterlab/apputils*',
      '@jupyterlab/ui-components*',
      '@jupyterlab/application*',
      '../sections*',
      '../components*',
      '../panel*',
      '../commands*',
      '../index*'
    )
  },
  {
    files: ['src/components/**'],
    rules: forbid(
      'components are presentational and import nothing of ours.',
      '../api*',
      '../models*',
      '../sections*',
      '../panel*',
      '../commands*',
      '../tokens*',
      '../index*'
    )
  },
  {
    files: ['src/sections/**'],
    rules: forbid(
      'sections are views over models.',
      '../panel*',
      '../commands*',
      '../index*',
      '@jupyterlab/application*'
    )
  },
  {
    files: ['src/panel.tsx', 'src/commands/**'],
    rules: forbid('index wires; nothing imports it.', './index*', '../index*')
  },
  {
    files: ['scripts/**', 'ui-tests/**', '*.mjs'],
    languageOptions: {
      globals: {
        console: 'readonly',
        process: 'readonly',
        module: 'writable',
        require: 'readonly',
        __dirname: 'readonly'
      }
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' }
  }
);
