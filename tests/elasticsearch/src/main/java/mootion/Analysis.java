package mootion;

import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.LengthFilter;
import org.apache.lucene.analysis.pattern.PatternTokenizer;
import org.apache.lucene.analysis.snowball.SnowballFilter;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.analysis.AbstractTokenFilterFactory;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;
import org.tartarus.snowball.ext.EnglishStemmer;

/**
 * The parts of the distribution's analysis-common module that the index uses. That module is not published; these are
 * the Lucene classes that it wraps, under its names and with its settings.
 */
public final class Analysis extends Plugin implements AnalysisPlugin {
    @Override
    public Map<String, AnalysisProvider<TokenizerFactory>> getTokenizers() {
        return Map.of("pattern", (index, environment, name, settings) -> {
            Pattern separator = Pattern.compile(settings.get("pattern", "\\W+"));
            return TokenizerFactory.newFactory(name, () -> new PatternTokenizer(separator, -1));
        });
    }

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        return Map.of(
            "lowercase", filter(settings -> LowerCaseFilter::new),
            "asciifolding", filter(settings -> ASCIIFoldingFilter::new),
            "length", filter(Analysis::length),
            "stemmer", filter(Analysis::stemmer));
    }

    private static UnaryOperator<TokenStream> length(Settings settings) {
        int shortest = settings.getAsInt("min", 0);
        int longest = settings.getAsInt("max", Integer.MAX_VALUE);
        return tokens -> new LengthFilter(tokens, shortest, longest);
    }

    private static UnaryOperator<TokenStream> stemmer(Settings settings) {
        String language = settings.get("language", "porter");
        return switch (language) {
            case "porter", "english" -> PorterStemFilter::new;
            case "porter2" -> tokens -> new SnowballFilter(tokens, new EnglishStemmer());
            default -> throw new IllegalArgumentException("stemmer: this test node has no language " + language);
        };
    }

    private static AnalysisProvider<TokenFilterFactory> filter(Maker maker) {
        return (index, environment, name, settings) -> {
            UnaryOperator<TokenStream> made = maker.of(settings);
            return new AbstractTokenFilterFactory(name) {
                @Override
                public TokenStream create(TokenStream tokens) {
                    return made.apply(tokens);
                }
            };
        };
    }

    private interface Maker {
        UnaryOperator<TokenStream> of(Settings settings);
    }
}
