package org.elasticsearch.plugins;

import java.util.List;
import org.elasticsearch.Version;
import org.elasticsearch.common.settings.Settings;

/** Plugins that are on the class path instead of in folders of a distribution. */
public final class ClasspathPlugins extends PluginsService {
    private final List<LoadedPlugin> plugins;

    public ClasspathPlugins(Settings settings, PluginsLoader loader, List<Plugin> plugins) {
        super(settings, null, loader);
        this.plugins = plugins.stream().map(ClasspathPlugins::loaded).toList();
    }

    @Override
    protected List<LoadedPlugin> plugins() {
        return plugins;
    }

    private static LoadedPlugin loaded(Plugin plugin) {
        String name = plugin.getClass().getName();
        PluginDescriptor descriptor = new PluginDescriptor(
            name, "on the class path", "1", Version.CURRENT.toString(),
            Runtime.version().toString(), name, null, List.of(), false, false, false, false);
        return new LoadedPlugin(descriptor, plugin, plugin.getClass().getClassLoader());
    }
}
